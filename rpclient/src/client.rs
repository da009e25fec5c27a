//! The calls that a respod answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body_util::Full;
use respo::query::LockAction;
use respo::wire::{InventoryAnswer, Overview, Problem};
use respo::{Label, LockQuery, Request, RequestId, Token};
use serde::de::DeserializeOwned;

use crate::base_url::BaseUrl;
use crate::connection::Answer;
use crate::error::{Error, UrlError};
use crate::lease::Lease;
use crate::pending::Pending;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const YAML: &str = "application/yaml";

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

    /// How long a connection may take to come about: 10 s unless said otherwise.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an answer may take to come: 30 s unless said otherwise. Waiting in a queue is not
    /// meant: there, the first word must come in this time.
    pub fn answer_timeout(mut self, timeout: Duration) -> Self {
        self.answer_timeout = timeout;
        self
    }

    /// How long the server may say nothing to a waiting or holding client before the connection counts
    /// as broken: 16 s unless said otherwise, which is three heartbeats and a little.
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

    /// Asks for a resource and returns when the request is granted or waits in the queue.
    ///
    /// # Errors
    /// [`Error::Busy`] if the request does not want to wait, [`Error::NoSuch`] if it can never be
    /// granted, and whatever keeps it from being asked.
    pub async fn request(&self, request: &Request) -> Result<Pending, Error> {
        let mut request = request.clone();
        if request.holder.is_none() {
            request.holder = self.settings.holder.clone();
        }
        let linger = request.linger();
        let answer = self.lock(LockAction::Request(request)).await?;
        Pending::begin(self.clone(), answer, linger).await
    }

    /// Asks for a resource and waits until it is granted.
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

    /// The inventory as YAML, with the properties of all entities.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `unauthorized` if the server wants an administrator's token.
    pub async fn inventory(&self) -> Result<String, Error> {
        let call = self.call(Method::GET, "/inventory").header(header::ACCEPT, YAML);
        let body = self.body(self.as_administrator(call), Bytes::new()).await?;
        String::from_utf8(body.into()).map_err(|error| self.protocol(error))
    }

    /// Replaces the inventory, or, as a dry run, says what would change.
    ///
    /// # Errors
    /// [`Error::InvalidInventory`] lists every mistake; nothing was changed then.
    pub async fn push_inventory(
        &self,
        yaml: &str,
        dry_run: bool,
    ) -> Result<InventoryAnswer, Error> {
        let path = if dry_run { "/inventory?dry_run=true" } else { "/inventory" };
        let call = self.call(Method::POST, path).header(header::CONTENT_TYPE, YAML);
        let body = Bytes::copy_from_slice(yaml.as_bytes());
        let answer = self.body(self.as_administrator(call), body).await?;
        serde_json::from_slice(&answer).map_err(|error| self.protocol(error))
    }

    /// Ends a lease, or a request that waits, at once, whatever its linger.
    ///
    /// [`Lease::release`] is the way for a lease that one holds; this is for those who have kept its id
    /// and token.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `wrong_token` or `no_request`.
    pub async fn release(&self, id: RequestId, token: &Token) -> Result<(), Error> {
        let mut path = format!("/v1/leases/{id}");
        if let Some(pool) = &self.settings.pool {
            let mut query = form_urlencoded::Serializer::new(String::new());
            path = format!("{path}?{}", query.append_pair("pool", pool.as_str()).finish());
        }
        let call = with_bearer(self.call(Method::DELETE, &path), token);
        self.body(call, Bytes::new()).await.map(drop)
    }

    /// Takes up a request or lease whose connection broke.
    pub(crate) async fn resume(&self, token: &Token) -> Result<Answer, Error> {
        self.lock(LockAction::Resume(token.clone())).await
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

    async fn lock(&self, action: LockAction) -> Result<Answer, Error> {
        let query = LockQuery { pool: self.settings.pool.clone(), action };
        let call =
            self.call(Method::POST, &format!("/lock?{query}")).header(header::ACCEPT, NDJSON);
        let answer = self.answer(call, Bytes::new()).await?;
        match answer.media_type() {
            NDJSON => Ok(answer),
            other => {
                Err(self.protocol(format!("a stream of {NDJSON} was expected, not {other:?}")))
            }
        }
    }

    fn call(&self, method: Method, path: &str) -> http::request::Builder {
        let agent = concat!("rpclient/", env!("CARGO_PKG_VERSION"));
        http::Request::builder()
            .method(method)
            .uri(self.settings.url.target(path))
            .header(header::USER_AGENT, agent)
    }

    fn as_administrator(&self, call: http::request::Builder) -> http::request::Builder {
        match &self.settings.admin_token {
            Some(token) => with_bearer(call, token),
            None => call,
        }
    }

    async fn json<T: DeserializeOwned>(&self, call: http::request::Builder) -> Result<T, Error> {
        let body = self.body(call, Bytes::new()).await?;
        serde_json::from_slice(&body).map_err(|error| self.protocol(error))
    }

    async fn body(&self, call: http::request::Builder, body: Bytes) -> Result<Bytes, Error> {
        let mut answer = self.answer(call, body).await?;
        let within = self.settings.answer_timeout;
        answer.bytes(within).await.map_err(|source| self.unreachable(source))
    }

    /// The answer, if it is not an error.
    async fn answer(&self, call: http::request::Builder, body: Bytes) -> Result<Answer, Error> {
        let request = call.body(Full::new(body)).map_err(|error| self.protocol(error))?;
        let settings = &self.settings;
        let (connect, answer) = (settings.connect_timeout, settings.answer_timeout);
        let answer = Answer::to(&settings.url, request, connect, answer).await;
        let mut answer = answer.map_err(|source| self.unreachable(source))?;
        let status = answer.head.status;
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.bytes(settings.answer_timeout).await;
        let body = body.map_err(|source| self.unreachable(source))?;
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(Error::from_problem(problem)),
            Err(_) => Err(self.protocol(format!("{status} without a problem document"))),
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
