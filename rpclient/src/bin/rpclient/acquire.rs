//! `rpclient acquire`: leases for a time, without a lasting connection.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use nix::sys::signal::Signal;
use rpclient::respo::wire::PendingRequest;
use rpclient::{
    Client, Error, GrantedLease, Hold, IdempotencyKey, LostReason, Name, Notice, Request,
    RequestId, Standing, TokenLease, Wait,
};
use tokio::time::{Instant, sleep, timeout};

use crate::arguments::{AcquireArguments, CommonArguments, is_same_url};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
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
    let before = what_is_not_over(common, arguments, &client).await?;
    let place = LeasePlace::prepare(&arguments.file)?;
    let mut signals = Signals::listen()?;
    let key = match &arguments.idempotency_key {
        Some(key) => key.clone(),
        None => client.new_key()?,
    };
    let mut waiting = Waiting {
        client: &client,
        file: &arguments.file,
        key: arguments.idempotency_key.as_ref(),
        ends: ends(&request),
        display: WaitingDisplay::new(request.requested(), quiet),
        is_written: before.is_some(),
    };
    let asked = {
        let mut asking = pin!(client.create_lease(&request, Some(&key)));
        tokio::select! {
            asked = &mut asking => asked?,
            signal = signals.next() => {
                // The server may have the request already: what its answer says is taken back.
                if let Ok(Ok(asked)) = timeout(FAREWELL, asking).await
                    && before != Some(asked.id)
                {
                    waiting.take_back(&asked).await?;
                }
                return Ok(ExitCode::Signal(signal));
            }
        }
    };
    match waiting.until_granted(asked, place, &mut signals).await? {
        Outcome::Granted(lease) => {
            told(&lease, common, &arguments.file, quiet)?;
            Ok(ExitCode::Success)
        }
        Outcome::Interrupted(signal) => Ok(ExitCode::Signal(signal)),
    }
}

/// The lease of the file, if it is still there and is to be given again. One that is still there is not
/// forgotten for the sake of another one.
async fn what_is_not_over(
    common: &CommonArguments,
    arguments: &AcquireArguments,
    client: &Client,
) -> Result<Option<RequestId>, Failure> {
    let file = &arguments.file;
    if !file.exists() {
        return Ok(None);
    }
    let document = LeaseDocument::read(file)?;
    let (id, shown) = (document.id, file.display());
    let pool_is_same = common.pool.as_ref().is_none_or(|pool| *pool == document.pool);
    let is_given_again = arguments.idempotency_key.as_ref().is_some_and(|key| {
        let url_is_same = document.url.as_ref().is_some_and(|url| is_same_url(url, &client.url()));
        url_is_same && pool_is_same && document.is_made_with(key)
    });
    match common.client_where_it_is(&document)?.lease(id, &document.token()).await {
        Err(error) if is_over(&error) && document.url.is_some() => Ok(None),
        Ok(_) if is_given_again => Ok(Some(id)),
        Err(Error::Refused(problem)) if is_given_again && problem.code == "not_granted" => {
            Ok(Some(id))
        }
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
    /// The key that somebody has chosen for it.
    key: Option<&'a IdempotencyKey>,
    ends: Option<Instant>,
    display: WaitingDisplay,
    /// Whether the file has its token.
    is_written: bool,
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
            if has_ended(&failed) {
                self.display.clear();
                self.forget()?;
                return Err(failed.into());
            }
            let is_late = self.ends.is_some_and(|ends| ends <= Instant::now());
            if !may_pass(&failed) || is_late {
                self.display.clear();
                // It may wait there all the same, or have been granted meanwhile.
                self.take_back(asked).await?;
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
        let document = document.made_with(self.key);
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
        &mut self,
        asked: &TokenLease,
        place: LeasePlace,
        pending: &PendingRequest,
    ) -> Result<(), Failure> {
        let (url, pool) = (self.client.url(), pending.pool.clone());
        let document = LeaseDocument::waiting(url, pool, asked.id, &asked.token);
        let written = place.write(&document.made_with(self.key));
        match written {
            Ok(()) => self.is_written = true,
            Err(_) => self.take_back(asked).await?,
        }
        written
    }

    /// Leaves nothing behind; where that cannot be done, the file stays with which it can be later.
    async fn take_back(&self, asked: &TokenLease) -> Result<(), Failure> {
        let id = asked.id;
        let Err(failed) = self.release(asked).await else {
            self.display.left();
            return self.forget();
        };
        let file = self.file.display();
        let by_hand = match self.is_written {
            true => format!(", unless 'rpclient cancel --file {file}' takes it back before"),
            false => String::new(),
        };
        output::say(&format!(
            "request {id} could not be taken back ({failed}): it ends when its ttl is over{by_hand}"
        ));
        Ok(())
    }

    /// Tells the server that it is to end, for as long as that may take. The error says what kept it from that.
    async fn release(&self, asked: &TokenLease) -> Result<(), String> {
        let mut last = None;
        let told = async {
            loop {
                match self.client.release(asked.id, &asked.token).await {
                    Err(error) if is_over(&error) => return Ok(()),
                    Err(error) if may_pass(&error) => last = Some(cause(&error)),
                    other => return other,
                }
                sleep(PAUSE).await;
            }
        };
        match timeout(FAREWELL, told).await {
            Ok(told) => told.map_err(|error| error.to_string()),
            Err(_) => Err(last.unwrap_or_else(|| "respod did not answer in time".to_owned())),
        }
    }

    fn forget(&self) -> Result<(), Failure> {
        if self.is_written { lease_document::remove(self.file) } else { Ok(()) }
    }
}

/// Whether it says that the request is over.
fn has_ended(error: &Error) -> bool {
    let gave_up =
        matches!(error, Error::WaitExpired { .. } | Error::NoSuch { .. } | Error::Busy { .. });
    gave_up || is_over(error)
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
