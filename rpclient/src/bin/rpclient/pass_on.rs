//! `rpclient transfer`, `allow` and `disallow`: others get a lease, or a hand in it.

use std::path::PathBuf;

use crate::arguments::{AllowArguments, CommonArguments, DisallowArguments, TransferArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::lease_document::{self, LeaseDocument, LeasePlace};
use crate::lock::signals::Signals;
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
    // From here on no signal may end this before the token is in its place. One is likely under 'rpclient lock',
    // which is told at the same moment that its lease is somebody else's, and stops its command.
    let _held_off = Signals::listen()?;
    let (id, to) = (document.id, &arguments.to);
    let token = client.transfer(id, &document.token(), to).await;
    let token = token.map_err(|error| document.lost_or(error))?;
    let handed_over = document.with_token(&token);
    if let Err(mut failure) = handover.hand_over(&handed_over) {
        // The old token is good for nothing any more: in its place goes the only one that is.
        handed_over.write(file)?;
        let file = file.display();
        failure
            .message
            .push_str(&format!("\nlease {id} is {to}'s now, who needs what is in {file}"));
        return Err(failure);
    }
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
    handover.hand_over(&document.with_token(&token)).map_err(|mut failure| {
        failure.message.push_str(&format!(
            "\n{who} may act on lease {id}, but nobody has the token: 'rpclient disallow {who}' takes that back"
        ));
        failure
    })?;
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

    /// If the file cannot be written after all, what would be in it is printed as well.
    fn hand_over(self, document: &LeaseDocument) -> Result<(), Failure> {
        let Some(place) = self.0 else {
            if output::print_to_reader(&document.text()?)? {
                return Ok(());
            }
            let message =
                "nobody reads standard output, where the new token goes: give --output FILE";
            return Err(Failure::new(ExitCode::Local, message));
        };
        let written = place.write(document);
        if written.is_err() {
            output::print(&document.text()?)?;
        }
        written
    }
}

fn handover_name(output: Option<&PathBuf>) -> String {
    output.map_or_else(|| "the lines above".to_owned(), |path| path.display().to_string())
}
