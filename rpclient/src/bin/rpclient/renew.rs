//! `rpclient renew` and `rpclient extend`: more time for a lease.

use std::path::Path;

use rpclient::Timestamp;
use serde_json::json;

use crate::arguments::{CommonArguments, ExtendArguments, RenewArguments};
use crate::failure::Failure;
use crate::lease_document::LeaseDocument;
use crate::output;

pub(crate) async fn renew(
    common: &CommonArguments,
    arguments: &RenewArguments,
) -> Result<(), Failure> {
    let file = &arguments.lease.file;
    let document = LeaseDocument::read(file)?;
    let ttl = arguments.ttl.map(|ttl| ttl.0);
    let client = common.client_of(&document)?;
    let renewed = client.renew(document.id, &document.token(), ttl).await;
    tell(common, file, &document, renewed.map_err(|error| document.lost_or(error))?)
}

pub(crate) async fn extend(
    common: &CommonArguments,
    arguments: &ExtendArguments,
) -> Result<(), Failure> {
    let file = &arguments.lease.file;
    let document = LeaseDocument::read(file)?;
    let client = common.client_of(&document)?;
    let extended = client.extend(document.id, &document.token(), arguments.by.0).await;
    tell(common, file, &document, extended.map_err(|error| document.lost_or(error))?)
}

fn tell(
    common: &CommonArguments,
    file: &Path,
    document: &LeaseDocument,
    expires: Option<Timestamp>,
) -> Result<(), Failure> {
    note(file, document, expires)?;
    let id = document.id;
    if common.json {
        return output::print_json(&json!({"id": id, "expires": expires}));
    }
    output::say(&match expires {
        Some(expires) => format!("lease {id} ends at {expires} unless it is renewed"),
        None => format!("request {id} waits, and somebody waits with it"),
    });
    Ok(())
}

/// Notes the new end in the file, which another process may have done with a later one, or removed, meanwhile.
fn note(file: &Path, document: &LeaseDocument, expires: Option<Timestamp>) -> Result<(), Failure> {
    if !file.exists() {
        return Ok(());
    }
    let mut present = LeaseDocument::read(file)?;
    if present.id != document.id
        || present.token() != document.token()
        || present.expires >= expires
    {
        return Ok(());
    }
    present.expires = expires;
    present.replace(file)
}
