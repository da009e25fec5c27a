//! `rpclient acquire`: leases for a time, without a lasting connection.

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use rpclient::respo::wire::PendingRequest;
use rpclient::{
    Client, Error, GrantedLease, Hold, LostReason, Name, Notice, Request, Standing, TokenLease,
    Wait,
};
use tokio::time::{Instant, sleep, timeout};

use crate::arguments::CommonArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::lease_arguments::AcquireArguments;
use crate::lease_document::{self, LeaseDocument, LeasePlace, as_json, is_over};
use crate::lock::held::Held;
use crate::lock::signals::Signals;
use crate::lock::waiting::WaitingDisplay;
use crate::{output, request, selection_hint};

/// How long one call waits for a change. Proxies tend to give up after a minute.
const POLL: Duration = Duration::from_secs(25);
/// How long after a call that failed to try again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to try to tell the server that the request is taken back.
const FAREWELL: Duration = Duration::from_secs(5);

pub(crate) async fn run(
    common: &CommonArguments,
    arguments: &AcquireArguments,
) -> Result<ExitCode, Failure> {
    let mut request = request::of(common, &arguments.request)?;
    if let Some(ttl) = arguments.ttl {
        request.hold = Hold::Ttl { ttl: ttl.0 };
    }
    let quiet = arguments.request.quiet;
    let client = common.client()?;
    if let Some(hint) = selection_hint::of(&arguments.request.requirements).filter(|_| !quiet) {
        output::say(&hint);
    }
    if arguments.idempotency_key.is_none() {
        keep_what_is_not_over(common, &arguments.file).await?;
    }
    let place = LeasePlace::prepare(&arguments.file)?;
    let mut signals = Signals::listen()?;
    let key = arguments.idempotency_key.as_ref();
    let asked = tokio::select! {
        asked = client.create_lease(&request, key) => asked?,
        signal = signals.next() => return Ok(ExitCode::Signal(signal)),
    };
    let mut waiting = Waiting {
        client: &client,
        file: &arguments.file,
        ends: ends(&request),
        display: WaitingDisplay::new(request.requested(), quiet),
    };
    match waiting.until_granted(asked, place, &mut signals).await? {
        Outcome::Granted(lease) => {
            told(&lease, common, &arguments.file, quiet)?;
            Ok(ExitCode::Success)
        }
        Outcome::Interrupted(signal) => Ok(ExitCode::Signal(signal)),
    }
}

/// A lease that is still there is not forgotten for the sake of another one.
async fn keep_what_is_not_over(common: &CommonArguments, file: &Path) -> Result<(), Failure> {
    if !file.exists() {
        return Ok(());
    }
    let document = LeaseDocument::read(file)?;
    let (id, shown) = (document.id, file.display());
    match common.client_of(&document)?.lease(id, &document.token()).await {
        Err(error) if is_over(&error) => Ok(()),
        Err(Error::Refused(problem)) if problem.code != "not_granted" => {
            Err(Error::Refused(problem).into())
        }
        Err(error @ Error::Unreachable { .. }) => Err(error.into()),
        _ => Err(Failure::usage(format!(
            "{shown} has lease {id}, which is not over: release it with 'rpclient release --file {shown}', or \
             write to another --file"
        ))),
    }
}

/// When the request is no longer worth waiting for.
fn ends(request: &Request) -> Option<Instant> {
    match request.wait {
        Wait::UpTo(wait) => Instant::now().checked_add(wait),
        Wait::No | Wait::Forever => None,
    }
}

fn told(
    lease: &GrantedLease,
    common: &CommonArguments,
    file: &Path,
    quiet: bool,
) -> Result<(), Failure> {
    if common.json {
        output::print_json(&as_json(lease)?)?;
    } else {
        output::print(&lease.all().map(|one| format!("{}\n", one.name)).collect::<String>())?;
    }
    if !quiet && let Some(expires) = lease.expires {
        let file = file.display();
        output::say(&format!("it ends at {expires} unless it is renewed; its token is in {file}"));
    }
    Ok(())
}

enum Outcome {
    Granted(Box<GrantedLease>),
    Interrupted(Signal),
}

/// The waiting for one request.
struct Waiting<'a> {
    client: &'a Client,
    file: &'a Path,
    ends: Option<Instant>,
    display: WaitingDisplay,
}

impl Waiting<'_> {
    async fn until_granted(
        &mut self,
        asked: TokenLease,
        place: LeasePlace,
        signals: &mut Signals,
    ) -> Result<Outcome, Failure> {
        let mut standing = asked.standing.clone();
        let mut place = Some(place);
        loop {
            let pending = match standing {
                Standing::Granted(lease) => return self.granted(&asked, lease, place).await,
                Standing::Waiting(pending) => pending,
                _ => {
                    return Err(Failure::new(
                        ExitCode::Protocol,
                        "the request neither waits nor is granted",
                    ));
                }
            };
            if let Some(place) = place.take() {
                self.write(&asked, place, &pending).await?;
            }
            self.display.notice(&Notice::Queued(pending.request.clone()));
            standing = tokio::select! {
                standing = self.change(&asked, &pending) => standing?,
                signal = signals.next() => {
                    self.display.clear();
                    self.take_back(&asked).await?;
                    return Ok(Outcome::Interrupted(signal));
                }
            };
        }
    }

    /// Waits for a change, over absences of respod, while the display goes on.
    async fn change(
        &mut self,
        asked: &TokenLease,
        pending: &PendingRequest,
    ) -> Result<Standing, Failure> {
        let position = Some(pending.request.position);
        loop {
            let failed = {
                let call = self.client.await_change(asked.id, &asked.token, POLL, position);
                let mut call = std::pin::pin!(call);
                loop {
                    tokio::select! {
                        standing = &mut call => match standing {
                            Ok(standing) => return Ok(standing),
                            Err(error) => break error,
                        },
                        () = self.display.due() => self.display.refresh(),
                    }
                }
            };
            let is_late = self.ends.is_some_and(|ends| ends <= Instant::now());
            if !may_pass(&failed) || is_late {
                self.display.clear();
                lease_document::remove(self.file)?;
                return Err(failed.into());
            }
            let until = self.ends.map(Into::into);
            let cause = LostReason::Disconnected(cause(&failed));
            self.display.notice(&Notice::Away { cause, until });
            sleep(PAUSE).await;
        }
    }

    async fn granted(
        &mut self,
        asked: &TokenLease,
        lease: Box<GrantedLease>,
        place: Option<LeasePlace>,
    ) -> Result<Outcome, Failure> {
        self.display.clear();
        let document = LeaseDocument::granted(self.client.url(), &lease, &asked.token)?;
        let written = match place {
            Some(place) => place.write(&document),
            None => document.write(self.file),
        };
        if let Err(failure) = written {
            // Nobody would know its token.
            self.take_back(asked).await?;
            return Err(failure);
        }
        let names: Vec<&Name> = lease.all().map(|resource| &resource.name).collect();
        self.display.granted(&Held::of(&names), lease.id, lease.fence);
        Ok(Outcome::Granted(lease))
    }

    /// Writes down a request that waits, so that it can be taken back from elsewhere.
    async fn write(
        &self,
        asked: &TokenLease,
        place: LeasePlace,
        pending: &PendingRequest,
    ) -> Result<(), Failure> {
        let (url, pool) = (self.client.url(), pending.pool.clone());
        let document = LeaseDocument::waiting(url, pool, asked.id, &asked.token);
        let written = place.write(&document);
        if written.is_err() {
            self.take_back(asked).await?;
        }
        written
    }

    /// Leaves nothing behind.
    async fn take_back(&self, asked: &TokenLease) -> Result<(), Failure> {
        let id = asked.id;
        let failed = match timeout(FAREWELL, self.client.release(id, &asked.token)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) if is_over(&error) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("respod did not answer in time".to_owned()),
        };
        match failed {
            None => self.display.left(),
            Some(failed) => output::say(&format!(
                "request {id} could not be taken back, and ends when its ttl is over: {failed}"
            )),
        }
        lease_document::remove(self.file)
    }
}

/// Whether the call may succeed a little later.
fn may_pass(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Protocol { .. } => true,
        Error::Refused(problem) => matches!(problem.status, 408 | 429 | 500..),
        _ => false,
    }
}

fn cause(error: &Error) -> String {
    match error {
        Error::Unreachable { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
