//! `rpclient lock`: waits for resources, and holds them: for a command, or until told to stop.

mod absence;
mod command;
mod environment;
pub(crate) mod guard;
pub(crate) mod held;
mod hold;
mod lease_file;
mod lease_report;
mod process_group;
pub(crate) mod signals;
mod terminal;
pub(crate) mod waiting;
mod waiting_text;

use std::pin::pin;
use std::time::Duration;

use nix::sys::signal::Signal;
use rpclient::{Client, Hold, Lease, LeaseState, Pending, Request};
use tokio::time::timeout;

use crate::arguments::{CommonArguments, LockArguments};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::lease_document::LeaseDocument;
use crate::{output, request, selection_hint};
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
    let asked = Asked::of(common, arguments)?;
    let client = match &asked {
        Asked::New(_) => common.client()?,
        Asked::Again(document) => common.client_of(document)?,
    };
    let quiet = arguments.request.quiet;
    if let Some(program) = arguments.command.first() {
        command::look_up(program)?;
    }
    if let Some(hint) = selection_hint::of(&arguments.request.requirements).filter(|_| !quiet) {
        output::say(&hint);
    }
    // From here on a signal ends things in order, before there is anything to end.
    let mut signals = Signals::listen()?;
    let display = WaitingDisplay::new(asked.requested(), quiet);
    let lease = match acquire(&client, &asked, display, &mut signals).await? {
        Acquired::Lease(lease) => *lease,
        Acquired::Interrupted(signal) => return Ok(ExitCode::Signal(signal)),
    };
    if arguments.command.is_empty() {
        hold::run(lease, common.json, quiet, &mut signals).await
    } else {
        command::run(&client, lease, arguments, &mut signals).await
    }
}

/// What is to be held.
enum Asked {
    New(Box<Request>),
    /// What has been asked for already, and was passed on.
    Again(Box<LeaseDocument>),
}

impl Asked {
    fn of(common: &CommonArguments, arguments: &LockArguments) -> Result<Self, Failure> {
        if let Some(file) = &arguments.resume {
            return Ok(Self::Again(Box::new(LeaseDocument::read(file)?)));
        }
        let mut request = request::of(common, &arguments.request)?;
        if let Some(linger) = arguments.linger {
            request.hold = Hold::Connection { linger: linger.0 };
        }
        Ok(Self::New(Box::new(request)))
    }

    fn requested(&self) -> usize {
        match self {
            Self::New(request) => request.requested(),
            Self::Again(document) => document.names().len().max(1),
        }
    }

    /// Whether what is asked for now would outlive this process.
    fn is_kept(&self) -> bool {
        match self {
            Self::New(request) => !request.linger().is_zero() || request.ttl().is_some(),
            Self::Again(_) => false,
        }
    }

    async fn ask(&self, client: &Client) -> Result<Pending, Failure> {
        match self {
            Self::New(request) => Ok(client.request(request).await?),
            Self::Again(document) => {
                let pending = client.resume(&document.token()).await;
                pending.map_err(|error| document.lost_or(error))
            }
        }
    }
}

enum Acquired {
    Lease(Box<Lease>),
    Interrupted(Signal),
}

async fn acquire(
    client: &Client,
    asked: &Asked,
    mut display: WaitingDisplay,
    signals: &mut Signals,
) -> Result<Acquired, Failure> {
    let mut pending = {
        let mut asking = pin!(asked.ask(client));
        tokio::select! {
            pending = &mut asking => pending?,
            signal = signals.next() => {
                // The server may have the request already, and would keep it for its linger.
                if asked.is_kept()
                    && let Ok(Ok(pending)) = timeout(FAREWELL, asking).await
                {
                    leave(pending, false).await;
                }
                return Ok(Acquired::Interrupted(signal));
            }
        }
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
    display.granted(&Held::by(&lease), lease.id(), lease.fence());
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
