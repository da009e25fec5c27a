//! `rpclient lock`: waits for resources, and holds them: for a command, or until told to stop.

mod absence;
mod command;
mod environment;
pub(crate) mod guard;
mod held;
mod hold;
mod lease_file;
mod lease_report;
mod process_group;
mod request;
mod signals;
mod terminal;
mod waiting;
mod waiting_text;

use std::time::Duration;

use nix::sys::signal::Signal;
use rpclient::{Client, Lease, LeaseState, Pending, Request};
use tokio::time::timeout;

use crate::arguments::{CommonArguments, LockArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::{output, selection_hint};
use held::Held;
use signals::Signals;
use waiting::WaitingDisplay;

/// How long to try to tell the server of an end. Where there is a connection, its end tells the same, if a
/// little later.
const FAREWELL: Duration = Duration::from_secs(5);

pub(crate) async fn run(
    common: &CommonArguments,
    arguments: &LockArguments,
) -> Result<ExitCode, Failure> {
    let request = request::of(common, arguments)?;
    let client = common.client()?;
    if let Some(program) = arguments.command.first() {
        command::look_up(program)?;
    }
    if let Some(hint) = selection_hint::of(&arguments.requirements).filter(|_| !arguments.quiet) {
        output::say(&hint);
    }
    // From here on a signal ends things in order, before there is anything to end.
    let mut signals = Signals::listen()?;
    let display = WaitingDisplay::new(request.requested(), arguments.quiet);
    let lease = match acquire(&client, &request, display, &mut signals).await? {
        Acquired::Lease(lease) => *lease,
        Acquired::Interrupted(signal) => return Ok(ExitCode::Signal(signal)),
    };
    if arguments.command.is_empty() {
        hold::run(lease, common.json, arguments.quiet, &mut signals).await
    } else {
        command::run(&client, lease, arguments, &mut signals).await
    }
}

enum Acquired {
    Lease(Box<Lease>),
    Interrupted(Signal),
}

async fn acquire(
    client: &Client,
    request: &Request,
    mut display: WaitingDisplay,
    signals: &mut Signals,
) -> Result<Acquired, Failure> {
    let mut pending = tokio::select! {
        pending = client.request(request) => pending?,
        signal = signals.next() => return Ok(Acquired::Interrupted(signal)),
    };
    loop {
        tokio::select! {
            notice = pending.next() => match notice {
                Some(notice) => display.notice(&notice),
                None => break,
            },
            () = display.due() => display.refresh(),
            signal = signals.next() => {
                display.clear();
                if leave(pending, display.is_away()).await {
                    display.left();
                }
                return Ok(Acquired::Interrupted(signal));
            }
        }
    }
    display.clear();
    let lease = pending.granted().await?;
    display.granted(&lease);
    Ok(Acquired::Lease(Box::new(lease)))
}

/// Leaves the queue. With a linger the server must be told, else it keeps the place; so must one that is
/// away. Returns whether the place is given up.
async fn leave(pending: Pending, is_away: bool) -> bool {
    let id = pending.id();
    let failed = match timeout(FAREWELL, pending.cancel()).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "respod did not answer in time".to_owned(),
    };
    if is_away {
        output::say(&format!(
            "warning: request {id} could not be taken back, since respod is away: it keeps its place \
             until respod is back and its grace period has passed"
        ));
    } else {
        output::say(&format!("request {id} could not be taken back: {failed}"));
    }
    !is_away
}

/// Ends the lease, and warns if it may stay for its linger, or for the grace of a respod that is away.
async fn release(lease: Lease) {
    let held = Held::by(&lease);
    let state = lease.state();
    let failed = match timeout(FAREWELL, lease.release()).await {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "respod did not answer in time".to_owned(),
    };
    if let LeaseState::Away { cause, .. } = state {
        let cause = absence::words(&cause);
        output::say(&format!(
            "warning: {held} could not be released, since respod is away ({cause}): {} until respod is back \
             and its grace period has passed",
            held.it_stays("taken")
        ));
    } else {
        output::say(&format!("{held} could not be released at once: {failed}"));
    }
}
