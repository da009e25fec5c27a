//! The calls that a respod answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use respo::wire::{Overview, Problem};
use respo::{Label, Request, RequestId, Token};
use serde::de::DeserializeOwned;

use crate::base_url::BaseUrl;
use crate::connection::{Answer, Timeouts};
use crate::error::{Error, UrlError};
use crate::lease::Lease;
use crate::lock_call::LockCall;
use crate::pending::Pending;
use crate::setback::NothingBehind;
use crate::stream::Terms;

pub(crate) const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
pub(crate) const YAML: &str = "application/yaml";
/// The longest that one of several attempts waits for a connection: what is lost on the way is sent again
/// sooner by the next attempt than by the system.
const ATTEMPT_TO_CONNECT: Duration = Duration::from_millis(2500);

/// A respod, as seen from here. Cheap to clone; it keeps no connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<ClientBuilder>,
}

/// How a [`Client`] is to behave.
#[derive(Debug, Clone)]
#[must_use]
pub struct ClientBuilder {
    url: BaseUrl,
    holder: Option<Label>,
    pool: Option<Label>,
    admin_token: Option<Token>,
    connect_timeout: Duration,
    answer_timeout: Duration,
    silence_limit: Duration,
}

impl ClientBuilder {
    /// Who asks: for requests that do not say so themselves. Others see it while they wait.
    pub fn holder(mut self, holder: Label) -> Self {
        self.holder = Some(holder);
        self
    }

    /// The pool to lease from, where the server has several.
    pub fn pool(mut self, pool: Label) -> Self {
        self.pool = Some(pool);
        self
    }

    /// The administrator's token, for the inventory. It does not show in `Debug` output.
    pub fn admin_token(mut self, token: Token) -> Self {
        self.admin_token = Some(token);
        self
    }

    /// How long a connection may take to come about: 10 s unless said otherwise. An attempt to make a new
    /// one after a break takes 2.5 s at most.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an answer may take to come: 30 s unless said otherwise. Waiting in a queue is not
    /// meant: there, the first word must come in this time. A server that is away is for this long told
    /// again of a release.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// How long the server may say nothing to a waiting or holding client before the connection counts
    /// as broken: 16 s unless said otherwise, which is three heartbeats and a little. It is also how long
    /// after its last sign a server that does not answer is trusted to have kept a lease without linger.
    /// respod gives the resource to the next about 20 s after the last sign of its holder: more than 18 s
    /// are not safe.
    pub fn silence_limit(mut self, limit: Duration) -> Self {
        self.silence_limit = limit;
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        Client { settings: Arc::new(self) }
    }
}

impl Client {
    /// A client of the respod at `url`, such as `http://127.0.0.1:7373`. Nothing is connected yet.
    ///
    /// # Errors
    /// [`UrlError`] if that cannot be the URL of a respod.
    pub fn new(url: &str) -> Result<Self, UrlError> {
        Ok(Self::builder(url)?.build())
    }

    /// The same, with more to say.
    ///
    /// # Errors
    /// [`UrlError`] if that cannot be the URL of a respod.
    pub fn builder(url: &str) -> Result<ClientBuilder, UrlError> {
        Ok(ClientBuilder {
            url: BaseUrl::parse(url)?,
            holder: None,
            pool: None,
            admin_token: None,
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(30),
            silence_limit: Duration::from_secs(16),
        })
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        self.settings.url.to_string()
    }

    /// Asks for what the request needs and returns when the request is granted or waits in the queue.
    ///
    /// # Errors
    /// [`Error::Busy`] if the request does not want to wait, [`Error::NoSuch`] if it can never be
    /// granted, and whatever keeps it from being asked.
    pub async fn request(&self, request: &Request) -> Result<Pending, Error> {
        let mut request = request.clone();
        if request.holder.is_none() {
            request.holder = self.settings.holder.clone();
        }
        let terms = Terms::of(&request);
        let pool = self.settings.pool.as_ref();
        let call = LockCall::of(request, pool).map_err(|error| self.protocol(error))?;
        let answer = self.lock(call, None, self.timeouts()).await?;
        Pending::begin(self.clone(), answer, terms).await
    }

    /// Asks for what the request needs and waits until it is granted.
    ///
    /// # Errors
    /// As for [`request`](Self::request), and those of [`Pending::granted`].
    pub async fn acquire(&self, request: &Request) -> Result<Lease, Error> {
        self.request(request).await?.granted().await
    }

    /// Every pool with its resources and its waiting requests.
    ///
    /// # Errors
    /// Whatever keeps the server from answering.
    pub async fn overview(&self) -> Result<Overview, Error> {
        self.json(self.call(Method::GET, "/").header(header::ACCEPT, JSON)).await
    }

    /// Ends a lease, or a request that waits, at once, whatever its linger.
    ///
    /// [`Lease::release`] is the way for a lease that one holds; this is for those who have kept its id
    /// and token.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `wrong_token` or `no_request`.
    pub async fn release(&self, id: RequestId, token: &Token) -> Result<(), Error> {
        self.release_within(id, token, self.timeouts()).await
    }

    /// The same as one of several attempts.
    pub(crate) async fn attempt_to_release(
        &self,
        id: RequestId,
        token: &Token,
    ) -> Result<(), Error> {
        self.release_within(id, token, self.timeouts_of_attempt()).await
    }

    /// Attempts to take up a request or lease whose connection broke. It was with the server at `before`.
    pub(crate) async fn attempt_to_resume(
        &self,
        token: &Token,
        before: Option<SocketAddr>,
    ) -> Result<Answer, Error> {
        let call = LockCall::resuming(token.clone(), self.settings.pool.as_ref());
        self.lock(call, before, self.timeouts_of_attempt()).await
    }

    pub(crate) fn silence_limit(&self) -> Duration {
        self.settings.silence_limit
    }

    pub(crate) fn answer_timeout(&self) -> Duration {
        self.settings.answer_timeout
    }

    pub(crate) fn unreachable(&self, source: std::io::Error) -> Error {
        Error::Unreachable { url: self.url(), source }
    }

    pub(crate) fn protocol(&self, problem: impl ToString) -> Error {
        Error::Protocol { url: self.url(), problem: problem.to_string() }
    }

    fn timeouts(&self) -> Timeouts {
        let settings = &self.settings;
        Timeouts { connect: settings.connect_timeout, answer: settings.answer_timeout }
    }

    /// An attempt that has a connection waits for its answer as patiently as a stream waits for its next
    /// line. To give it up earlier would leave a call behind that the server may still answer: it would
    /// give the lease to a connection that is no longer there.
    fn timeouts_of_attempt(&self) -> Timeouts {
        let Timeouts { connect, answer } = self.timeouts();
        Timeouts {
            connect: connect.min(ATTEMPT_TO_CONNECT),
            answer: answer.min(self.silence_limit()),
        }
    }

    async fn lock(
        &self,
        LockCall { query, body }: LockCall,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Answer, Error> {
        let path = if query.is_empty() { "/lock".to_owned() } else { format!("/lock?{query}") };
        let mut call = self.call(Method::POST, &path).header(header::ACCEPT, NDJSON);
        if body.is_some() {
            call = call.header(header::CONTENT_TYPE, JSON);
        }
        let body = body.map(Bytes::from).unwrap_or_default();
        let answer = self.answer(call, body, before, within).await?;
        match answer.media_type() {
            NDJSON => Ok(answer),
            other => {
                Err(self.protocol(format!("a stream of {NDJSON} was expected, not {other:?}")))
            }
        }
    }

    async fn release_within(
        &self,
        id: RequestId,
        token: &Token,
        within: Timeouts,
    ) -> Result<(), Error> {
        let path = self.with_pool(&format!("/v1/leases/{id}"));
        let call = with_bearer(self.call(Method::DELETE, &path), token);
        self.answer(call, Bytes::new(), None, within).await.map(drop)
    }

    /// The path with the client's pool among its parameters, if it has one.
    pub(crate) fn with_pool(&self, path: &str) -> String {
        let Some(pool) = &self.settings.pool else {
            return path.to_owned();
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        let before = if path.contains('?') { '&' } else { '?' };
        format!("{path}{before}{}", query.append_pair("pool", pool.as_str()).finish())
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> http::request::Builder {
        let agent = concat!("rpclient/", env!("CARGO_PKG_VERSION"));
        http::Request::builder()
            .method(method)
            .uri(self.settings.url.target(path))
            .header(header::USER_AGENT, agent)
    }

    pub(crate) fn as_administrator(&self, call: http::request::Builder) -> http::request::Builder {
        match &self.settings.admin_token {
            Some(token) => with_bearer(call, token),
            None => call,
        }
    }

    pub(crate) async fn json<T: DeserializeOwned>(
        &self,
        call: http::request::Builder,
    ) -> Result<T, Error> {
        self.json_of(call, Bytes::new()).await
    }

    /// What a call with this body is answered with.
    pub(crate) async fn json_of<T: DeserializeOwned>(
        &self,
        call: http::request::Builder,
        body: Bytes,
    ) -> Result<T, Error> {
        let answer = self.body(call, body).await?;
        serde_json::from_slice(&answer).map_err(|error| self.protocol(error))
    }

    pub(crate) async fn body(
        &self,
        call: http::request::Builder,
        body: Bytes,
    ) -> Result<Bytes, Error> {
        let within = self.timeouts();
        let mut answer = self.answer(call, body, None, within).await?;
        answer.bytes(within.answer).await.map_err(|source| self.unreachable(source))
    }

    /// The answer, if it is not an error.
    async fn answer(
        &self,
        call: http::request::Builder,
        body: Bytes,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Answer, Error> {
        let request = call.body(Full::new(body)).map_err(|error| self.protocol(error))?;
        let answer = Answer::to(&self.settings.url, request, before, within).await;
        let mut answer = answer.map_err(|source| self.unreachable(source))?;
        let status = answer.head.status;
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.bytes(within.answer).await;
        let body = body.map_err(|source| self.unreachable(source))?;
        match (serde_json::from_slice::<Problem>(&body), NothingBehind::of(status)) {
            (Ok(mut problem), _) => {
                // What the connection says counts, not what the document says of it.
                problem.status = status.as_u16();
                Err(Error::from_problem(problem))
            }
            (Err(_), Some(nothing)) => Err(self.unreachable(nothing)),
            (Err(_), None) => Err(self.protocol(format!("{status} without a problem document"))),
        }
    }
}

/// The call with `token` as its `Authorization`, marked so that it does not show in `Debug` output.
fn with_bearer(call: http::request::Builder, token: &Token) -> http::request::Builder {
    match HeaderValue::from_str(&format!("Bearer {}", token.reveal())) {
        Ok(mut value) => {
            value.set_sensitive(true);
            call.header(header::AUTHORIZATION, value)
        }
        // What cannot stand in a header cannot be anyone's token either: the server says so.
        Err(_) => call.header(header::AUTHORIZATION, "Bearer invalid"),
    }
}
