//! A lease that is held here.

use std::fmt;
use std::time::{Duration, Instant};

use respo::wire::{GrantedLease, GrantedResource};
use respo::{Fence, Label, Name, RequestId, Timestamp, Token};
use tokio::sync::watch;

use crate::client::Client;
use crate::connection::AbortOnDrop;
use crate::error::Error;
use crate::event::{Ending, LineEvent};
use crate::lease_end::LeaseEnd;
use crate::lease_watch::{self, LeaseWatch};
use crate::stream::{EventStream, StreamEvent, Terms};
use crate::{release, renewing};

/// Why a lease is no longer held. Someone else may be using the resource already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LostReason {
    /// The server ended it.
    #[error("{0}")]
    Ended(Ending),
    /// The connection to the server broke, and no other came about in time.
    #[error("the connection to respod broke: {0}")]
    Disconnected(String),
    /// The server has said nothing for this long. What it thinks of the lease cannot be known.
    #[error("respod has said nothing for {} s", .0.as_secs_f64())]
    Silent(Duration),
    /// After the connection broke, the server did not let the lease be taken up again.
    #[error("the connection to respod broke, and respod no longer knows it: {0}")]
    Gone(String),
    /// The server said something that cannot be understood, or, after the connection broke, spoke of
    /// another lease than this one.
    #[error("respod said something that cannot be understood: {0}")]
    Protocol(String),
}

impl LostReason {
    /// The connection has ended after the server has said that it is about to be restarted.
    pub(crate) fn restarting() -> Self {
        Self::Disconnected("the server announced a restart".to_owned())
    }
}

/// How a lease stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaseState {
    /// It is held.
    Held,
    /// It is held, but the server is about to stop and will end it.
    Draining {
        /// How long the server still waits.
        deadline: Duration,
    },
    /// The connection broke, and another one is being made. The lease is held nevertheless: it turns to
    /// [`Held`](Self::Held) when respod has taken it up again, and to [`Lost`](Self::Lost) before anyone
    /// else can have been granted the resource.
    Away {
        /// What happened to the connection.
        cause: LostReason,
        /// When it turns to [`Lost`](Self::Lost) unless respod is back, since respod may be running and end
        /// it. `None`: not for as long as respod is known to be away, however long that is. The state
        /// changes when this does.
        until: Option<Instant>,
    },
    /// It is no longer held.
    Lost(LostReason),
}

/// The right to use what was granted, for as long as this value lives. Dropping it ends the lease.
///
/// The connection is watched in the background: [`lost`](Self::lost), [`state`](Self::state) and
/// [`while_held`](Self::while_held) know of a loss whether or not anyone was looking when it happened.
///
/// When the connection breaks, the lease is [taken up again](crate#when-respod-is-away) on another one.
///
/// A lease with a [`Hold::Ttl`](crate::Hold::Ttl) is renewed in the background for as long as this lives. One
/// that has an end is lost then, also while respod is away.
///
/// Where the request has a linger, or respod is away, the lease stays for a while after it was dropped:
/// [`release`](Self::release) ends it at once.
#[must_use = "the lease ends when this is dropped"]
pub struct Lease {
    client: Client,
    granted: GrantedLease,
    /// The first of what was granted, whatever has been given back.
    first: GrantedResource,
    token: Token,
    terms: Terms,
    end: LeaseEnd,
    state: watch::Receiver<LeaseState>,
    _watcher: AbortOnDrop,
    _renewing: Option<AbortOnDrop>,
}

impl Lease {
    /// `None` if it has no resource, which no lease is read without.
    pub(crate) fn new(
        client: Client,
        stream: EventStream,
        granted: GrantedLease,
        token: Token,
        terms: Terms,
    ) -> Option<Self> {
        let first = granted.all().next()?.clone();
        let (sender, state) = watch::channel(LeaseState::Held);
        let end = stream.lease_end().clone();
        let watcher = AbortOnDrop::spawn(watch_stream(stream, sender));
        let is_renewed = terms.is_renewable && end.at().is_some();
        let renewing = is_renewed.then(|| {
            let (client, id, token) = (client.clone(), granted.id, token.clone());
            let keep = renewing::keep(client, id, token, end.clone(), terms.is_own);
            let watch = LeaseWatch::new(state.clone());
            AbortOnDrop::spawn(async move { watch.while_held(keep).await.unwrap_or_default() })
        });
        Some(Self {
            client,
            granted,
            first,
            token,
            terms,
            end,
            state,
            _watcher: watcher,
            _renewing: renewing,
        })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.granted.id
    }

    /// Larger than that of every earlier lease in the pool: a device that remembers the largest fence
    /// it has seen can refuse a holder whose lease has passed on.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.granted.fence
    }

    /// The pool that it is in.
    #[must_use]
    pub fn pool(&self) -> &Label {
        &self.granted.pool
    }

    /// What is held, with all properties: of a request for one resource that resource, else the first.
    #[must_use]
    pub fn resource(&self) -> &GrantedResource {
        self.granted.all().next().unwrap_or(&self.first)
    }

    /// What is held, if it is one resource.
    #[must_use]
    pub fn only_resource(&self) -> Option<&GrantedResource> {
        let mut all = self.granted.all();
        all.next().filter(|_| all.next().is_none())
    }

    /// All that is held, for each requirement in the order of the request.
    #[must_use]
    pub fn resources(&self) -> &[Vec<GrantedResource>] {
        &self.granted.resources
    }

    /// The same in one row.
    pub fn all_resources(&self) -> impl Iterator<Item = &GrantedResource> {
        self.granted.all()
    }

    /// When it was granted, by the server's clock.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        self.granted.since
    }

    /// When it ends at the latest, by the server's clock, as far as that is known here; `None` if it may be
    /// held for ever.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.end.expires()
    }

    /// The secret that proves whose it is. Whoever has it can release the lease.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// A view of how it stands, for those who use what is held without holding the lease: other tasks, a
    /// device's driver. It may be cloned, outlives the lease, and does not keep it.
    #[must_use]
    pub fn watch(&self) -> LeaseWatch {
        LeaseWatch::new(self.state.clone())
    }

    /// How it stands now.
    #[must_use]
    pub fn state(&self) -> LeaseState {
        self.state.borrow().clone()
    }

    /// Waits until it stands otherwise than it did at the last call, and says how. Cancel-safe.
    ///
    /// Of several changes that nobody has waited for, the last one is told. Nothing comes after
    /// [`Lost`](LeaseState::Lost), so that a loss is told in any case.
    pub async fn state_changed(&mut self) -> LeaseState {
        lease_watch::changed(&mut self.state).await
    }

    /// Waits until the lease is lost; returns at once if it already is.
    pub async fn lost(&self) -> LostReason {
        self.watch().lost().await
    }

    /// Runs `work`, and drops it where it stands if the lease is lost meanwhile.
    ///
    /// # Errors
    /// Why the lease was lost. If it is lost already, `work` does not begin.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, LostReason> {
        self.watch().while_held(work).await
    }

    /// Ends the lease, and returns when the server has let go of it: the resource is free then, or
    /// with the next in line. Unless a connection of its own ends the lease in any case, this tries again for
    /// as long as an answer may take ([`answer_timeout`](crate::ClientBuilder::answer_timeout)).
    ///
    /// # Errors
    /// [`Error::Lost`] if the lease was lost before: whoever has not looked since learns it here. Otherwise
    /// whatever keeps the server from being told. The lease then ends with its linger, with its ttl, with the
    /// connection, or when a server that was away has waited long enough for its client.
    pub async fn release(self) -> Result<(), Error> {
        if let LeaseState::Lost(reason) = self.state() {
            return Err(reason.into());
        }
        let is_away = || matches!(self.state(), LeaseState::Away { .. });
        if self.ends_with_its_connection() && !is_away() {
            let released = self.client.release(self.id(), &self.token).await;
            // The end of the connection ends the lease all the same, unless the server went away just now.
            if released.is_ok() || !is_away() {
                return Ok(());
            }
        }
        release::until_told(&self.client, self.id(), &self.token).await
    }

    /// Whether it has a connection of its own, with which it ends. Those who share a WebSocket may keep that.
    fn ends_with_its_connection(&self) -> bool {
        let has_its_own = self.client.link().is_refused() && self.client.link().current().is_none();
        has_its_own && !self.terms.is_kept
    }

    /// Gives back some of what is held, and goes on with the rest. With nothing left, the lease ends.
    ///
    /// # Errors
    /// As for [`Client::release_part`].
    pub async fn release_part(&mut self, resources: &[Name]) -> Result<(), Error> {
        self.client.release_part(self.id(), &self.token, resources).await?;
        for held in &mut self.granted.resources {
            held.retain(|resource| !resources.contains(&resource.name));
        }
        Ok(())
    }

    /// Moves the end of a lease that has one.
    ///
    /// # Errors
    /// As for [`Client::extend`].
    pub async fn extend(&mut self, by: Duration) -> Result<Option<Timestamp>, Error> {
        let expires = self.client.extend(self.id(), &self.token, by).await?;
        expires.inspect(|expires| self.end.move_to(*expires));
        Ok(expires)
    }

    /// Passes the lease on to `to`, who needs the token that this returns: see [`Client::transfer`].
    ///
    /// # Errors
    /// As there. The lease ends then, unless it was passed on and only the answer was lost.
    pub async fn transfer(self, to: &Label) -> Result<Token, Error> {
        self.client.transfer(self.id(), &self.token, to).await
    }

    /// Lets somebody else act on the lease, with the token that this returns: see [`Client::allow`].
    ///
    /// # Errors
    /// As there.
    pub async fn allow(&self, who: &Label) -> Result<Token, Error> {
        self.client.allow(self.id(), &self.token, who).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As for [`Client::disallow`].
    pub async fn disallow(&self, who: &Label) -> Result<(), Error> {
        self.client.disallow(self.id(), &self.token, who).await
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("id", &self.granted.id)
            .field("fence", &self.granted.fence)
            .field("resources", &self.granted.all().map(|it| &it.name).collect::<Vec<_>>())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// Follows the stream of a lease until it is lost.
async fn watch_stream(mut stream: EventStream, state: watch::Sender<LeaseState>) {
    loop {
        let new = match stream.next().await {
            Ok(StreamEvent::Away { cause, until }) => {
                Some(LeaseState::Away { cause, until: until.map(Into::into) })
            }
            Ok(StreamEvent::Line(event)) => after_line(event, &state.borrow()),
            Err(reason) => Some(LeaseState::Lost(reason)),
        };
        let Some(new) = new else { continue };
        let lost = matches!(new, LeaseState::Lost(_));
        state.send_replace(new);
        if lost {
            return;
        }
    }
}

/// How the lease stands after `event`, if otherwise than before.
fn after_line(event: LineEvent, before: &LeaseState) -> Option<LeaseState> {
    match event {
        LineEvent::Ended(ending) => Some(LeaseState::Lost(LostReason::Ended(ending))),
        LineEvent::Refused(problem) => Some(LeaseState::Lost(LostReason::Protocol(problem.detail))),
        LineEvent::Draining { deadline } => Some(LeaseState::Draining { deadline }),
        _ if matches!(before, LeaseState::Away { .. }) => Some(LeaseState::Held),
        _ => None,
    }
}
