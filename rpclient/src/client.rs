//! The calls that a respod answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::wire::{Overview, Problem};
use respo::{Label, Request, RequestId, Token};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::base_url::BaseUrl;
use crate::connection::{Answer, Timeouts, timed_out};
use crate::error::{Error, UrlError};
use crate::setback::NothingBehind;
use crate::socket::{Link, Socket};

pub(crate) const JSON: &str = "application/json";
pub(crate) const YAML: &str = "application/yaml";
/// The longest that one of several attempts waits for a connection: what is lost on the way is sent again
/// sooner by the next attempt than by the system.
const ATTEMPT_TO_CONNECT: Duration = Duration::from_millis(2500);

/// A respod, as seen from here. Cheap to clone.
///
/// All requests of a client and its clones share one WebSocket, so that respod takes them for those of one
/// party, which may lease what is wired to what it has. It is made at the first request and closed as soon
/// as there is no [`Pending`](crate::Pending) or [`Lease`](crate::Lease) that needs it. Where a WebSocket is refused, as by an older respod or by a proxy, each request has a
/// connection of its own instead. Other calls have one of their own in any case.
#[derive(Debug, Clone)]
pub struct Client {
    settings: Arc<ClientBuilder>,
    link: Arc<Link>,
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

    /// How long the server may at most say nothing to a waiting or holding client before the connection
    /// counts as broken. It is also how long after its last sign a server that does not answer is trusted to
    /// have kept a lease without linger.
    ///
    /// On a WebSocket it is 2.2 times the interval between the server's pings, which it tells: 11 s with a
    /// respod that pings every 5 s and gives the resource to the next 15 s after the last sign of its holder.
    /// On a lock stream, it is the limit that is set here: 16 s unless said otherwise, which is three
    /// heartbeats and a little. There, the next one is served after about 20 s: more than 18 s are not safe.
    pub fn silence_limit(mut self, limit: Duration) -> Self {
        self.silence_limit = limit;
        self
    }

    /// The client.
    #[must_use]
    pub fn build(self) -> Client {
        Client { settings: Arc::new(self), link: Arc::default() }
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

    /// Every pool with its resources and its waiting requests.
    ///
    /// # Errors
    /// Whatever keeps the server from answering.
    pub async fn overview(&self) -> Result<Overview, Error> {
        self.json(self.call(Method::GET, "/").header(header::ACCEPT, JSON)).await
    }

    /// Ends a lease, or a request that waits, at once, whatever its linger.
    ///
    /// [`Lease::release`](crate::Lease::release) is the way for a lease that one holds; this is for those who have kept its id
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

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    pub(crate) fn pool(&self) -> Option<&Label> {
        self.settings.pool.as_ref()
    }

    /// The request, which says who asks: if it did not, what the client was told.
    pub(crate) fn with_holder(&self, request: &Request) -> Request {
        let mut request = request.clone();
        if request.holder.is_none() {
            request.holder = self.settings.holder.clone();
        }
        request
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        let settings = &self.settings;
        Timeouts { connect: settings.connect_timeout, answer: settings.answer_timeout }
    }

    /// An attempt that has a connection waits for its answer as patiently as a stream waits for its next
    /// line. To give it up earlier would leave a call behind that the server may still answer: it would
    /// give the lease to a connection that is no longer there.
    pub(crate) fn timeouts_of_attempt(&self) -> Timeouts {
        let Timeouts { connect, answer } = self.timeouts();
        Timeouts {
            connect: connect.min(ATTEMPT_TO_CONNECT),
            answer: answer.min(self.silence_limit()),
        }
    }

    async fn release_within(
        &self,
        id: RequestId,
        token: &Token,
        within: Timeouts,
    ) -> Result<(), Error> {
        if let Some(socket) = self.link().current()
            && let Some(released) = self.release_over(&socket, id, token, within).await
        {
            return released;
        }
        let path = self.with_pool(&format!("/v1/leases/{id}"));
        let call = with_bearer(self.call(Method::DELETE, &path), token);
        self.answer(call, Bytes::new(), None, within).await.map(drop)
    }

    /// `None`: the connection broke, and what came of it is not known.
    async fn release_over(
        &self,
        socket: &Arc<Socket>,
        id: RequestId,
        token: &Token,
        within: Timeouts,
    ) -> Option<Result<(), Error>> {
        let asked = socket.ask(|reference| ClientMessage::Cancel {
            reference,
            id,
            pool: self.pool().cloned(),
            token: Some(token.reveal().to_owned()),
        });
        let answer = match timeout(within.answer, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => return None,
            Err(_) => {
                return Some(Err(self.unreachable(timed_out("no answer", within.answer))));
            }
        };
        Some(match answer {
            ServerMessage::Done { .. } => Ok(()),
            ServerMessage::Error { problem, .. } => Err(Error::from_problem(problem)),
            other => Err(self.protocol(format!("{other:?} does not answer a release"))),
        })
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
    pub(crate) async fn answer(
        &self,
        call: http::request::Builder,
        body: Bytes,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Answer, Error> {
        let mut answer = self.exchange(call, body, before, within).await?;
        if answer.head.status.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(&mut answer, within).await)
    }

    /// The answer, whatever it is.
    pub(crate) async fn exchange(
        &self,
        call: http::request::Builder,
        body: Bytes,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Answer, Error> {
        let request = call.body(Full::new(body)).map_err(|error| self.protocol(error))?;
        let answer = Answer::to(&self.settings.url, request, before, within).await;
        answer.map_err(|source| self.unreachable(source))
    }

    /// What an answer means that is an error.
    pub(crate) async fn refusal(&self, answer: &mut Answer, within: Timeouts) -> Error {
        let status = answer.head.status;
        let body = match answer.bytes(within.answer).await {
            Ok(body) => body,
            Err(source) => return self.unreachable(source),
        };
        match (serde_json::from_slice::<Problem>(&body), NothingBehind::of(status)) {
            (Ok(mut problem), _) => {
                // What the connection says counts, not what the document says of it.
                problem.status = status.as_u16();
                Error::from_problem(problem)
            }
            (Err(_), Some(nothing)) => self.unreachable(nothing),
            (Err(_), None) => self.protocol(format!("{status} without a problem document")),
        }
    }
}

/// The call with `token` as its `Authorization`, marked so that it does not show in `Debug` output.
pub(crate) fn with_bearer(call: http::request::Builder, token: &Token) -> http::request::Builder {
    match HeaderValue::from_str(&format!("Bearer {}", token.reveal())) {
        Ok(mut value) => {
            value.set_sensitive(true);
            call.header(header::AUTHORIZATION, value)
        }
        // What cannot stand in a header cannot be anyone's token either: the server says so.
        Err(_) => call.header(header::AUTHORIZATION, "Bearer invalid"),
    }
}
