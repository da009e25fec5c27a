//! What can be done with a request or lease: by whoever has its token, by the session that has it, by an
//! administrator.

use std::time::Duration;

use super::session::random_bits;
use super::{Broker, Session};
use crate::engine::{Authority, Command, Reply, Standing};
use crate::names::{Label, Name};
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::time::Timestamp;
use crate::token::Token;

/// On behalf of whoever has the token: that of the request and its lease, or, where that is enough, one that
/// its holder had made for somebody else with [`allow`](Self::allow).
///
/// All of these are refused with [`Refusal::NoRequest`] if there is no such request or lease, or it has ended,
/// with [`Refusal::WrongToken`] if the token is not one of its own, and with [`Refusal::StoreUnavailable`].
impl Broker {
    /// Ends a lease, or a request that waits.
    ///
    /// # Errors
    /// As above.
    pub async fn release(&self, id: RequestId, token: &Token) -> Result<(), Refusal> {
        self.end(id, Authority::Token(token.clone())).await
    }

    /// Ends a lease, or a request that waits, on the authority of an administrator.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`].
    pub async fn revoke(&self, id: RequestId) -> Result<(), Refusal> {
        self.end(id, Authority::Administrator).await
    }

    /// Releases some resources of a lease. If they are all, it ends.
    ///
    /// # Errors
    /// As above; [`Refusal::NotHeld`], and nothing is released then; [`Refusal::NotGranted`].
    pub async fn release_part(
        &self,
        id: RequestId,
        resources: &[Name],
        token: &Token,
    ) -> Result<(), Refusal> {
        self.give_back(id, resources, Authority::Token(token.clone())).await
    }

    /// Keeps a request or lease alive that is kept by being renewed: for `ttl` from now, or for its own. It
    /// never shortens. Returns when it ends then; `None` for a request that waits and is followed.
    ///
    /// # Errors
    /// As above; [`Refusal::NotRenewable`]; [`Refusal::OverLimit`].
    pub async fn renew(
        &self,
        id: RequestId,
        token: &Token,
        ttl: Option<Duration>,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.keep(id, Authority::Token(token.clone()), ttl).await
    }

    /// Moves every end that a lease has by `more`. Returns when it ends then. Unlike a renewal it is durable.
    ///
    /// # Errors
    /// As above; [`Refusal::NotGranted`]; [`Refusal::NotRenewable`] if it has no end; [`Refusal::OverLimit`]
    /// beyond what the pool allows.
    pub async fn extend(
        &self,
        id: RequestId,
        token: &Token,
        more: Duration,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.prolong(id, Authority::Token(token.clone()), more).await
    }

    /// Passes a lease to another holder, and returns the token that this one needs. The earlier token, and
    /// those of others that were allowed to act on the lease, are void; whoever follows it is told that it
    /// [ended](crate::EndReason::Transferred). The new holder has the pool's grace period, or the lease's
    /// linger or ttl if that is longer, to take it up or to renew it.
    ///
    /// # Errors
    /// As above; [`Refusal::GuestToken`]; [`Refusal::NotGranted`]; [`Refusal::OverLimit`] if the new holder
    /// has as much as the pool allows.
    pub async fn transfer(
        &self,
        id: RequestId,
        token: &Token,
        to: Label,
    ) -> Result<Token, Refusal> {
        self.pass_on(id, Authority::Token(token.clone()), to).await
    }

    /// Lets somebody else see, renew, extend and release a lease, and returns a token for this one, in place
    /// of an earlier one.
    ///
    /// # Errors
    /// As above; [`Refusal::GuestToken`]; [`Refusal::NotGranted`]; [`Refusal::TooManyGuests`].
    pub async fn allow(&self, id: RequestId, token: &Token, who: Label) -> Result<Token, Refusal> {
        self.let_in(id, Authority::Token(token.clone()), who).await
    }

    /// Takes back what [`allow`](Self::allow) gave.
    ///
    /// # Errors
    /// As above; [`Refusal::GuestToken`]; [`Refusal::NoGuest`].
    pub async fn disallow(&self, id: RequestId, token: &Token, who: Label) -> Result<(), Refusal> {
        let by = Authority::Token(token.clone());
        self.ask(Command::Disallow { id, by, who }, None).await.map(drop)
    }

    /// How a request or lease stands.
    ///
    /// # Errors
    /// As above.
    pub async fn look_up(&self, id: RequestId, token: &Token) -> Result<Standing, Refusal> {
        self.find(id, Authority::Token(token.clone())).await
    }

    /// How a request or lease stands, without a token: for those who answer what everyone may know of it, and
    /// must not answer from an old [`snapshot`](Self::snapshot).
    ///
    /// # Errors
    /// [`Refusal::NoRequest`]; [`Refusal::StoreUnavailable`] while that cannot be known.
    pub async fn standing(&self, id: RequestId) -> Result<Standing, Refusal> {
        self.find(id, Authority::Administrator).await
    }

    async fn end(&self, id: RequestId, by: Authority) -> Result<(), Refusal> {
        self.ask(Command::End { id, by }, None).await.map(drop)
    }

    async fn give_back(
        &self,
        id: RequestId,
        resources: &[Name],
        by: Authority,
    ) -> Result<(), Refusal> {
        let resources = resources.to_vec();
        self.ask(Command::ReleasePart { id, by, resources }, None).await.map(drop)
    }

    async fn keep(
        &self,
        id: RequestId,
        by: Authority,
        ttl: Option<Duration>,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.ask_for_end(Command::Renew { id, by, ttl }).await
    }

    async fn prolong(
        &self,
        id: RequestId,
        by: Authority,
        more: Duration,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.ask_for_end(Command::Extend { id, by, more }).await
    }

    async fn ask_for_end(&self, command: Command) -> Result<Option<Timestamp>, Refusal> {
        match self.ask(command, None).await?.reply {
            Reply::Renewed { expires } => Ok(expires),
            // The engine answers these commands in no other way.
            _ => Ok(None),
        }
    }

    async fn pass_on(&self, id: RequestId, by: Authority, to: Label) -> Result<Token, Refusal> {
        let new = Token::from_random(random_bits()?);
        let command = Command::Transfer { id, by, to, token: new.digest() };
        self.ask(command, None).await.map(|_| new)
    }

    async fn let_in(&self, id: RequestId, by: Authority, who: Label) -> Result<Token, Refusal> {
        let new = Token::from_random(random_bits()?);
        let command = Command::Allow { id, by, who, token: new.digest() };
        self.ask(command, None).await.map(|_| new)
    }

    async fn find(&self, id: RequestId, by: Authority) -> Result<Standing, Refusal> {
        match self.ask(Command::LookUp { id, by }, None).await?.reply {
            Reply::Found(standing) => Ok(*standing),
            // The engine answers this command in no other way.
            _ => Err(Refusal::NoRequest(id)),
        }
    }
}

/// The same for what belongs to this session: no token is needed. What does not is refused with
/// [`Refusal::NoRequest`].
impl Session {
    fn authority(&self) -> Authority {
        Authority::Session(self.id)
    }

    /// Ends a lease, or a request that waits.
    ///
    /// # Errors
    /// As for [`Broker::release`].
    pub async fn release(&self, id: RequestId) -> Result<(), Refusal> {
        self.broker.end(id, self.authority()).await
    }

    /// Releases some resources of a lease.
    ///
    /// # Errors
    /// As for [`Broker::release_part`].
    pub async fn release_part(&self, id: RequestId, resources: &[Name]) -> Result<(), Refusal> {
        self.broker.give_back(id, resources, self.authority()).await
    }

    /// Keeps a request or lease alive that is kept by being renewed.
    ///
    /// # Errors
    /// As for [`Broker::renew`].
    pub async fn renew(
        &self,
        id: RequestId,
        ttl: Option<Duration>,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.broker.keep(id, self.authority(), ttl).await
    }

    /// Moves every end that a lease has.
    ///
    /// # Errors
    /// As for [`Broker::extend`].
    pub async fn extend(
        &self,
        id: RequestId,
        more: Duration,
    ) -> Result<Option<Timestamp>, Refusal> {
        self.broker.prolong(id, self.authority(), more).await
    }

    /// Passes a lease to another holder.
    ///
    /// # Errors
    /// As for [`Broker::transfer`].
    pub async fn transfer(&self, id: RequestId, to: Label) -> Result<Token, Refusal> {
        self.broker.pass_on(id, self.authority(), to).await
    }

    /// Lets somebody else act on a lease.
    ///
    /// # Errors
    /// As for [`Broker::allow`].
    pub async fn allow(&self, id: RequestId, who: Label) -> Result<Token, Refusal> {
        self.broker.let_in(id, self.authority(), who).await
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As for [`Broker::disallow`].
    pub async fn disallow(&self, id: RequestId, who: Label) -> Result<(), Refusal> {
        let by = self.authority();
        self.broker.ask(Command::Disallow { id, by, who }, None).await.map(drop)
    }

    /// How a request or lease stands.
    ///
    /// # Errors
    /// As for [`Broker::look_up`].
    pub async fn look_up(&self, id: RequestId) -> Result<Standing, Refusal> {
        self.broker.find(id, self.authority()).await
    }
}
