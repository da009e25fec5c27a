//! What commands take that work on a lease without a lasting connection.

use std::path::PathBuf;

use clap::Args;
use rpclient::respo::{HumanDuration, IdempotencyKeyError};
use rpclient::{IdempotencyKey, Label, Name};

use super::request::RequestArguments;

/// Where the lease is, unless somebody says.
const DEFAULT_FILE: &str = "respo-lease.json";

/// What `acquire` takes.
#[derive(Debug, Args)]
pub(crate) struct AcquireArguments {
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    /// How long the request and its lease live without 'rpclient renew' [default: 60s]
    #[arg(long, value_name = "DURATION")]
    pub(crate) ttl: Option<HumanDuration>,
    /// Where to write the id and the token, for your eyes only
    #[arg(long, value_name = "FILE", default_value = DEFAULT_FILE)]
    pub(crate) file: PathBuf,
    /// With the same key and the same request, the same lease is given again: for jobs that are repeated
    #[arg(long, value_name = "KEY", value_parser = parse_key)]
    pub(crate) idempotency_key: Option<IdempotencyKey>,
}

/// Which lease is meant.
#[derive(Debug, Args)]
pub(crate) struct LeaseFile {
    /// The file with the lease, as 'acquire' writes it
    #[arg(long, value_name = "FILE", env = "RESPO_LEASE_FILE", default_value = DEFAULT_FILE)]
    pub(crate) file: PathBuf,
}

/// What `renew` takes.
#[derive(Debug, Args)]
pub(crate) struct RenewArguments {
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
    /// For this long, in place of what 'acquire' was told
    #[arg(long, value_name = "DURATION")]
    pub(crate) ttl: Option<HumanDuration>,
}

/// What `extend` takes.
#[derive(Debug, Args)]
pub(crate) struct ExtendArguments {
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
    /// By how much
    #[arg(long, value_name = "DURATION")]
    pub(crate) by: HumanDuration,
}

/// What `release` takes.
#[derive(Debug, Args)]
pub(crate) struct ReleaseArguments {
    /// Only these; the lease goes on with the rest
    #[arg(value_name = "RESOURCE")]
    pub(crate) resources: Vec<Name>,
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
}

/// What `cancel` takes.
#[derive(Debug, Args)]
pub(crate) struct CancelArguments {
    /// The request or lease with this id, with --admin-token-file, in place of that of the file
    #[arg(value_name = "ID")]
    pub(crate) id: Option<u64>,
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
}

/// What `transfer` takes.
#[derive(Debug, Args)]
pub(crate) struct TransferArguments {
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
    /// To whom
    #[arg(long, value_name = "NAME")]
    pub(crate) to: Label,
    /// Write what they need to this file, with mode 0600, in place of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What `allow` takes.
#[derive(Debug, Args)]
pub(crate) struct AllowArguments {
    /// Whom
    #[arg(value_name = "NAME")]
    pub(crate) who: Label,
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
    /// Write what they need to this file, with mode 0600, in place of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What `disallow` takes.
#[derive(Debug, Args)]
pub(crate) struct DisallowArguments {
    /// Whom
    #[arg(value_name = "NAME")]
    pub(crate) who: Label,
    #[command(flatten)]
    pub(crate) lease: LeaseFile,
}

fn parse_key(text: &str) -> Result<IdempotencyKey, IdempotencyKeyError> {
    IdempotencyKey::new(text)
}
