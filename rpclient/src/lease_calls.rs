//! The calls on leases that need no lasting connection: whoever has the id and the token makes them.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode, header};
use respo::wire::{
    GrantedLease, IssuedToken, LeaseList, LeaseOverview, PendingRequest, PooledRequest,
    RenewedLease, RequestList,
};
use respo::{HumanDuration, IdempotencyKey, Label, Name, Request, RequestId, Timestamp, Token};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::client::{Client, JSON, with_bearer};
use crate::connection::Answer;
use crate::deadline;
use crate::error::Error;
use crate::event::take_token;
use crate::setback::Setback;

/// A request for a lease that is kept by being renewed, or the lease that it has become.
///
/// It belongs to no connection: it is known by its id and its token, which another process may use as well.
/// Dropping this ends nothing.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenLease {
    /// Its id, which it keeps when it is granted.
    pub id: RequestId,
    /// The secret with which all is done to it.
    pub token: Token,
    /// Whether it is granted or waits.
    pub standing: Standing,
}

/// How a request stands that is kept by being renewed. The tokens have been taken out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// It waits. It ends when nobody has asked for it for its `ttl`.
    Waiting(Box<PendingRequest>),
    /// It was granted.
    Granted(Box<GrantedLease>),
}

impl Client {
    /// Asks for a lease that is kept by being renewed, and returns whether it was granted or waits. Where the
    /// request does not say with [`Hold::Ttl`](crate::Hold::Ttl) how long it lives without being renewed, it
    /// is 60 seconds.
    ///
    /// With the same `key` and the same request, the same lease is answered again, token included: a caller
    /// that was interrupted asks again without leasing twice. Without one, a new key is made up. It is used
    /// for as long as an answer may take ([`answer_timeout`](crate::ClientBuilder::answer_timeout)) if the
    /// connection breaks.
    ///
    /// ```no_run
    #[doc = include_str!("../examples/token_lease.rs")]
    /// ```
    ///
    /// # Errors
    /// As for [`request`](Self::request); [`Error::Refused`] with the code `key_reused` if the key has made
    /// another request, or `key_spent` if what it made has ended.
    pub async fn create_lease(
        &self,
        request: &Request,
        key: Option<&IdempotencyKey>,
    ) -> Result<TokenLease, Error> {
        let body = serde_json::to_vec(&self.with_holder(request));
        let body = Bytes::from(body.map_err(|error| self.protocol(error))?);
        let key = match key {
            Some(key) => key.clone(),
            None => self.new_key()?,
        };
        let end = deadline::within(self.answer_timeout());
        let mut backoff = Backoff::new();
        loop {
            let error = match self.post_lease(body.clone(), &key).await {
                Ok(lease) => return Ok(lease),
                Err(error) => error,
            };
            let next = Instant::now() + backoff.pause();
            // Of what the server may have done, it is asked again; what it has not is for the caller to decide.
            if Setback::of(&error) != Setback::Unknown || next >= end {
                return Err(error);
            }
            sleep_until(next).await;
        }
    }

    /// Waits for at most `wait` (up to 60 s) until a request has been granted, has ended, or has another
    /// place than the one that the caller knows of. While it waits, and with every such call, the request is
    /// kept.
    ///
    /// # Errors
    /// [`Error::WaitExpired`], [`Error::NoSuch`] or [`Error::Ended`] if it has ended, [`Error::Refused`] with
    /// the code `wrong_token` or `no_request`.
    pub async fn await_change(
        &self,
        id: RequestId,
        token: &Token,
        wait: Duration,
        known_position: Option<u64>,
    ) -> Result<Standing, Error> {
        let mut path = format!("/v1/requests/{id}?wait={}ms", wait.as_millis());
        if let Some(position) = known_position {
            path.push_str(&format!("&position={position}"));
        }
        let call = with_bearer(self.call(Method::GET, &self.with_pool(&path)), token);
        let mut within = self.timeouts();
        within.answer = within.answer.saturating_add(wait);
        let mut answer = self.exchange(call, Bytes::new(), None, within).await?;
        match answer.head.status {
            StatusCode::OK => Ok(Standing::Waiting(Box::new(self.read(&mut answer).await?))),
            StatusCode::SEE_OTHER => {
                let mut lease: GrantedLease = self.read(&mut answer).await?;
                take_token(&mut lease).map_err(|error| self.protocol(error))?;
                Ok(Standing::Granted(Box::new(lease)))
            }
            _ => Err(self.refusal(&mut answer, within).await),
        }
    }

    /// A lease as its holder sees it, properties included; its token is left out.
    ///
    /// # Errors
    /// [`Error::Ended`] with the reason if it has ended, as far as that is known, [`Error::Refused`] with the
    /// code `no_request`, `wrong_token`, or `not_granted` if it waits.
    pub async fn lease(&self, id: RequestId, token: &Token) -> Result<GrantedLease, Error> {
        let path = self.with_pool(&format!("/v1/leases/{id}"));
        let mut lease: GrantedLease =
            self.json(with_bearer(self.call(Method::GET, &path), token)).await?;
        take_token(&mut lease).map_err(|error| self.protocol(error))?;
        Ok(lease)
    }

    /// Keeps a request or lease for its `ttl` from now, or for another one; never for less time than it has.
    /// Says when it ends unless that is done again; `None`: somebody is waiting for it at the moment.
    ///
    /// # Errors
    /// As for [`lease`](Self::lease); [`Error::Refused`] with the code `not_renewable` if its connection
    /// keeps it, and `over_limit`.
    pub async fn renew(
        &self,
        id: RequestId,
        token: &Token,
        ttl: Option<Duration>,
    ) -> Result<Option<Timestamp>, Error> {
        let fields = match ttl {
            Some(ttl) => json!({"ttl": HumanDuration(ttl)}),
            None => json!({}),
        };
        let renewed: RenewedLease = self.order(id, "renew", token, &fields).await?;
        Ok(renewed.expires)
    }

    /// Moves every end that a lease has by so much, up to what the pool allows. Says when it ends now.
    ///
    /// # Errors
    /// As for [`renew`](Self::renew); `not_renewable` is the code if the lease has no end.
    pub async fn extend(
        &self,
        id: RequestId,
        token: &Token,
        by: Duration,
    ) -> Result<Option<Timestamp>, Error> {
        let fields = json!({"by": HumanDuration(by)});
        let extended: RenewedLease = self.order(id, "extend", token, &fields).await?;
        Ok(extended.expires)
    }

    /// Gives back some of what a lease holds. It goes on with the rest; with nothing left, it ends.
    ///
    /// # Errors
    /// As for [`lease`](Self::lease); [`Error::Refused`] with the code `not_held`.
    pub async fn release_part(
        &self,
        id: RequestId,
        token: &Token,
        resources: &[Name],
    ) -> Result<(), Error> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in resources {
            query.append_pair("resource", name.as_str());
        }
        let path = self.with_pool(&format!("/v1/leases/{id}?{}", query.finish()));
        self.delete(&path, token).await
    }

    /// Passes a lease on. It is `to`'s from now on, who needs the token that this returns; the old one is good
    /// for nothing any more. Whoever follows the lease is told that it has ended for them.
    ///
    /// A lease that is kept by its connection then waits for its new holder to [`resume`](Self::resume) it,
    /// for its linger or the grace period of the server.
    ///
    /// # Errors
    /// As for [`lease`](Self::lease); [`Error::Refused`] with the code `guest_token` if the token is not the
    /// holder's. If the answer is lost, so is the new token.
    pub async fn transfer(&self, id: RequestId, token: &Token, to: &Label) -> Result<Token, Error> {
        let issued: IssuedToken = self.order(id, "transfer", token, &json!({"to": to})).await?;
        Ok(Token::presented(issued.token))
    }

    /// Lets somebody else look at a lease, renew, extend and release it, with the token that this returns.
    ///
    /// # Errors
    /// As for [`transfer`](Self::transfer), and the code `too_many_guests`.
    pub async fn allow(&self, id: RequestId, token: &Token, who: &Label) -> Result<Token, Error> {
        let issued: IssuedToken = self.order(id, "allow", token, &json!({"who": who})).await?;
        Ok(Token::presented(issued.token))
    }

    /// Takes that back.
    ///
    /// # Errors
    /// As for [`transfer`](Self::transfer), and the code `no_guest`.
    pub async fn disallow(&self, id: RequestId, token: &Token, who: &Label) -> Result<(), Error> {
        // Encoded as in a query, but for the blank, which is no + in a path.
        let who: String = form_urlencoded::byte_serialize(who.as_str().as_bytes()).collect();
        let who = who.replace('+', "%20");
        self.delete(&self.with_pool(&format!("/v1/leases/{id}/allow/{who}")), token).await
    }

    /// Ends somebody's lease or request, as the administrator whose token the client has.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `no_request`, or `wrong_token` without the right administrator's
    /// token.
    pub async fn revoke(&self, id: RequestId) -> Result<(), Error> {
        let path = self.with_pool(&format!("/v1/leases/{id}"));
        let call = self.as_administrator(self.call(Method::DELETE, &path));
        self.answer(call, Bytes::new(), None, self.timeouts()).await.map(drop)
    }

    /// Every lease, of every pool or of the client's, as everyone may know it.
    ///
    /// # Errors
    /// Whatever keeps the server from answering.
    pub async fn leases(&self) -> Result<Vec<LeaseOverview>, Error> {
        let list: LeaseList =
            self.json(self.call(Method::GET, &self.with_pool("/v1/leases"))).await?;
        Ok(list.leases)
    }

    /// Every waiting request, of every pool or of the client's, in the order in which they will be served.
    ///
    /// # Errors
    /// Whatever keeps the server from answering.
    pub async fn requests(&self) -> Result<Vec<PooledRequest>, Error> {
        let path = self.with_pool("/v1/requests");
        let list: RequestList = self.json(self.call(Method::GET, &path)).await?;
        Ok(list.requests)
    }

    async fn post_lease(&self, body: Bytes, key: &IdempotencyKey) -> Result<TokenLease, Error> {
        let call = self
            .call(Method::POST, &self.with_pool("/v1/leases"))
            .header(header::CONTENT_TYPE, JSON)
            .header("idempotency-key", key.reveal());
        let mut answer = self.answer(call, body, None, self.timeouts()).await?;
        if answer.head.status == StatusCode::CREATED {
            let mut lease: GrantedLease = self.read(&mut answer).await?;
            let token = take_token(&mut lease).map_err(|error| self.protocol(error))?;
            let (id, standing) = (lease.id, Standing::Granted(Box::new(lease)));
            return Ok(TokenLease { id, token, standing });
        }
        let mut pending: PendingRequest = self.read(&mut answer).await?;
        let token = pending.request.token.take().map(Token::presented);
        let token = token.ok_or_else(|| self.protocol("a request without a token"))?;
        let (id, standing) = (pending.request.id, Standing::Waiting(Box::new(pending)));
        Ok(TokenLease { id, token, standing })
    }

    /// Has something done to a lease.
    async fn order<T: DeserializeOwned>(
        &self,
        id: RequestId,
        what: &str,
        token: &Token,
        fields: &Value,
    ) -> Result<T, Error> {
        let path = self.with_pool(&format!("/v1/leases/{id}/{what}"));
        let call = self.call(Method::POST, &path).header(header::CONTENT_TYPE, JSON);
        self.json_of(with_bearer(call, token), Bytes::from(fields.to_string())).await
    }

    async fn delete(&self, path: &str, token: &Token) -> Result<(), Error> {
        let call = with_bearer(self.call(Method::DELETE, path), token);
        self.answer(call, Bytes::new(), None, self.timeouts()).await.map(drop)
    }

    async fn read<T: DeserializeOwned>(&self, answer: &mut Answer) -> Result<T, Error> {
        let body = answer.bytes(self.answer_timeout()).await;
        let body = body.map_err(|source| self.unreachable(source))?;
        serde_json::from_slice(&body).map_err(|error| self.protocol(error))
    }
}
