//! `rpclient transfer`, `allow` and `disallow`: others get a lease, or a hand in it.

use std::path::PathBuf;

use crate::arguments::CommonArguments;
use crate::failure::Failure;
use crate::lease_arguments::{AllowArguments, DisallowArguments, TransferArguments};
use crate::lease_document::{self, LeaseDocument, LeasePlace};
use crate::output;

pub(crate) async fn transfer(
    common: &CommonArguments,
    arguments: &TransferArguments,
) -> Result<(), Failure> {
    let file = &arguments.lease.file;
    let document = LeaseDocument::read(file)?;
    // The new token is told once: there must be a place for it.
    let handover = Handover::prepare(arguments.output.as_ref())?;
    let client = common.client_of(&document)?;
    let (id, to) = (document.id, &arguments.to);
    let token = client.transfer(id, &document.token(), to).await;
    let token = token.map_err(|error| document.lost_or(error))?;
    handover.hand_over(&document.with_token(&token))?;
    if arguments.output.as_ref() != Some(file) {
        lease_document::remove(file)?;
    }
    output::say(&format!(
        "lease {id} is {to}'s now, who needs what is in {}: for 'rpclient renew --file', or, if a connection \
         kept the lease, soon for 'rpclient lock --resume'",
        handover_name(arguments.output.as_ref())
    ));
    Ok(())
}

pub(crate) async fn allow(
    common: &CommonArguments,
    arguments: &AllowArguments,
) -> Result<(), Failure> {
    let document = LeaseDocument::read(&arguments.lease.file)?;
    let handover = Handover::prepare(arguments.output.as_ref())?;
    let client = common.client_of(&document)?;
    let (id, who) = (document.id, &arguments.who);
    let token = client.allow(id, &document.token(), who).await;
    let token = token.map_err(|error| document.lost_or(error))?;
    handover.hand_over(&document.with_token(&token))?;
    output::say(&format!(
        "{who} may renew, extend and release lease {id} with what is in {}",
        handover_name(arguments.output.as_ref())
    ));
    Ok(())
}

pub(crate) async fn disallow(
    common: &CommonArguments,
    arguments: &DisallowArguments,
) -> Result<(), Failure> {
    let document = LeaseDocument::read(&arguments.lease.file)?;
    let client = common.client_of(&document)?;
    let (id, who) = (document.id, &arguments.who);
    let disallowed = client.disallow(id, &document.token(), who).await;
    disallowed.map_err(|error| document.lost_or(error))?;
    output::say(&format!("{who} may not act on lease {id} any more"));
    Ok(())
}

/// Where somebody else's lease file goes.
struct Handover(Option<LeasePlace>);

impl Handover {
    fn prepare(output: Option<&PathBuf>) -> Result<Self, Failure> {
        output.map(|path| LeasePlace::prepare(path)).transpose().map(Self)
    }

    /// If the file cannot be written after all, what would be in it is printed rather than lost.
    fn hand_over(self, document: &LeaseDocument) -> Result<(), Failure> {
        let Some(place) = self.0 else {
            return output::print(&document.text()?);
        };
        if let Err(failure) = place.write(document) {
            output::print(&document.text()?)?;
            return Err(failure);
        }
        Ok(())
    }
}

fn handover_name(output: Option<&PathBuf>) -> String {
    output.map_or_else(|| "the lines above".to_owned(), |path| path.display().to_string())
}
