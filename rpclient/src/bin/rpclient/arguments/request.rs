//! What commands take that ask for resources.

use std::path::PathBuf;

use clap::Args;
use rpclient::respo::HumanDuration;
use rpclient::{Label, Priority, Text, Wait};

use crate::selection::SelectionFlags;

/// What is asked for, and how long to wait for it.
#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    /// What is needed: a NAME, or more of it, as in '2 location=office1 +can'; 'rpclient lock --help' shows all
    #[arg(value_name = "REQUIREMENT")]
    pub(crate) requirements: Vec<String>,
    #[command(flatten)]
    pub(crate) flags: SelectionFlags,
    /// Ask for what this file says as JSON, in place of requirements; '-' is standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["requirements", "resources", "location", "attributes", "entities"]
    )]
    pub(crate) request: Option<PathBuf>,
    /// Who goes first: -1000 to 1000, higher first [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) priority: Option<Priority>,
    /// What it is for; others see it while they wait
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<Text>,
    /// A key and value to go with the lease; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    pub(crate) tags: Vec<(Label, Text)>,
    /// How long to wait for the grant: a duration (90, 30s, 10m, 1h30m), 0, or 'forever' [default:
    /// forever]
    #[arg(long, value_name = "DURATION")]
    pub(crate) wait: Option<Wait>,
    /// Do not wait if everything that matches is taken; the same as --wait 0
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_wait: bool,
    /// End the lease, and stop the command of 'lock', this long after the grant
    #[arg(long, value_name = "DURATION")]
    pub(crate) max_duration: Option<HumanDuration>,
    /// Say nothing but errors and warnings
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

fn parse_tag(text: &str) -> Result<(Label, Text), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    let key = key.parse().map_err(|error| format!("the key: {error}"))?;
    let value = value.parse().map_err(|error| format!("the value: {error}"))?;
    Ok((key, value))
}
