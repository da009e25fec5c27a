//! What a client has in hand on a connection: what it asked and is not answered yet, and what it follows.

use std::collections::{BTreeMap, VecDeque};
use std::future::{pending, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use respo::broker::{Broker, Session};
use respo::query::ResourceQuery;
use respo::wire::ProblemKind;
use respo::wire::socket::{ClientMessage, Listed, ServerMessage};
use respo::{IdempotencyKey, Label, RequestId, Token};
use tokio::sync::oneshot;

use crate::api::Api;
use crate::commands::{self, Answer, Answering};
use crate::lease::{By, Lease, not_here};
use crate::limits::{MAX_SUBSCRIPTIONS, MAX_UNANSWERED};
use crate::lists::Wanted;
use crate::reading;
use crate::refused::Refused;
use crate::subscription::Subscription;
use crate::watched::{Told, Watched};

/// What is to be said next.
pub(crate) enum Say {
    Message(Box<ServerMessage>),
    /// A message as JSON.
    Text(Bytes),
}

impl Say {
    pub(crate) fn error(reference: Option<String>, refused: Refused) -> Self {
        let problem = refused.into_problem();
        Self::Message(Box::new(ServerMessage::Error { reference, problem }))
    }
}

/// What a `ref` that is in use stands for.
enum Open {
    /// A message whose answer is being worked out.
    Unanswered,
    /// A request or lease.
    Request,
    /// A subscription, and what ends it when it is dropped.
    Subscription { _unsubscribe: oneshot::Sender<()> },
    /// One that ends.
    Unsubscribed,
}

/// What a client has in hand on a connection. All of it ends, or lingers, when this is dropped.
pub(crate) struct Conversation {
    api: Arc<Api>,
    /// What waits to be answered comes first: it ends before the session does that it asks for something.
    answering: FuturesUnordered<Answering>,
    /// Lists are made one after the other, when there is room for them.
    lists: VecDeque<Answering>,
    /// While there is no room, what is watched waits where it is: of the place in a queue only the newest is
    /// told then, and what happened is told as missed if there was too much of it.
    watched: FuturesUnordered<BoxFuture<'static, Told>>,
    open: BTreeMap<String, Open>,
    /// The client's presence in each pool in which it has asked for something.
    sessions: BTreeMap<Label, Arc<Session>>,
}

impl Conversation {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            answering: FuturesUnordered::new(),
            lists: VecDeque::new(),
            watched: FuturesUnordered::new(),
            open: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// Whether nothing waits for an answer, and no request or lease is followed.
    pub(crate) fn is_over(&self) -> bool {
        self.answering.is_empty()
            && self.lists.is_empty()
            && !self.open.values().any(|open| matches!(open, Open::Request))
    }

    /// Waits for something to say; while there is no room, for what cannot wait. Cancel-safe.
    pub(crate) async fn next(&mut self, has_room: bool) -> Say {
        loop {
            let say = tokio::select! {
                biased;
                Some(answer) = self.answering.next(), if !self.answering.is_empty() => {
                    self.answer(answer)
                }
                Some(told) = self.watched.next(), if has_room && !self.watched.is_empty() => {
                    self.tell(told)
                }
                Some(list) = next_list(&mut self.lists), if has_room && !self.lists.is_empty() => {
                    self.answer(list)
                }
                else => pending().await,
            };
            if let Some(say) = say {
                return say;
            }
        }
    }

    /// Begins to do what a message asks for, and says what there is to say at once. What messages ask of a
    /// pool, it is asked in their order.
    pub(crate) async fn begin(&mut self, message: ClientMessage) -> Option<Say> {
        let reference = message.reference().to_owned();
        if self.open.contains_key(&reference) {
            let refused = reading::in_use(&reference);
            return Some(Say::error(Some(reference), refused));
        }
        if self.answering.len() + self.lists.len() >= MAX_UNANSWERED {
            return Some(Say::error(Some(reference), too_many_unanswered()));
        }
        let is_list = matches!(message, ClientMessage::List { .. });
        let mut answering = match self.carry_out(message) {
            Ok(answering) => answering,
            Err(refused) => return Some(Say::error(Some(reference), refused)),
        };
        self.open.entry(reference).or_insert(Open::Unanswered);
        if is_list {
            self.lists.push_back(answering);
            return None;
        }
        // At once, so that the pool is asked before anything is that the next message asks for.
        match poll_fn(|cx| Poll::Ready(Pin::new(&mut answering).poll(cx))).await {
            Poll::Ready(answer) => self.answer(answer),
            Poll::Pending => {
                self.answering.push(answering);
                None
            }
        }
    }

    fn carry_out(&mut self, message: ClientMessage) -> Result<Answering, Refused> {
        match message {
            ClientMessage::Request { reference, pool, request, idempotency_key } => {
                let key = idempotency_key.map(IdempotencyKey::new).transpose();
                let key = key.map_err(|error| reading::bad_key(&error))?;
                let (broker, session) = self.session(pool.as_ref())?;
                Ok(Box::pin(commands::request(reference, broker, session, request, key)))
            }
            ClientMessage::Resume { reference, pool, token } => {
                let (broker, session) = self.session(pool.as_ref())?;
                let token = Token::presented(token);
                Ok(Box::pin(commands::resume(reference, broker, session, token)))
            }
            ClientMessage::Subscribe { reference, pool, after } => {
                self.subscribe(reference, pool.as_ref(), after)
            }
            ClientMessage::Unsubscribe { reference, subscription } => {
                self.unsubscribe(reference, &subscription)
            }
            ClientMessage::List { reference, of, pool, query } => {
                self.list(reference, of, pool.as_ref(), query.as_deref())
            }
            ClientMessage::Cancel { id, ref pool, ref token, .. }
            | ClientMessage::Release { id, ref pool, ref token, .. }
            | ClientMessage::Renew { id, ref pool, ref token, .. }
            | ClientMessage::Extend { id, ref pool, ref token, .. }
            | ClientMessage::Transfer { id, ref pool, ref token, .. }
            | ClientMessage::Allow { id, ref pool, ref token, .. }
            | ClientMessage::Disallow { id, ref pool, ref token, .. } => {
                let lease = self.lease(id, pool.as_ref(), token.as_deref())?;
                Ok(Box::pin(commands::with_lease(lease, message)))
            }
            other => Err(Refused::new(ProblemKind::Internal, format!("{other:?} is not known"))),
        }
    }

    fn subscribe(
        &mut self,
        reference: String,
        pool: Option<&Label>,
        after: Option<respo::wire::EventId>,
    ) -> Result<Answering, Refused> {
        let subscriptions =
            self.open.values().filter(|open| matches!(open, Open::Subscription { .. }));
        if subscriptions.count() >= MAX_SUBSCRIPTIONS {
            let detail = format!(
                "this connection has {MAX_SUBSCRIPTIONS} subscriptions, which is the most that it may have"
            );
            return Err(Refused::new(ProblemKind::TooManyRequests, detail));
        }
        let events = self.broker(pool)?.events(after);
        let (subscription, unsubscribe) = Subscription::new(reference.clone(), events);
        self.open.insert(reference, Open::Subscription { _unsubscribe: unsubscribe });
        let watched = Watched::Events(Box::new(subscription));
        Ok(Box::pin(async { Answer::Watched(watched) }))
    }

    fn unsubscribe(&mut self, reference: String, wanted: &str) -> Result<Answering, Refused> {
        match self.open.get_mut(wanted) {
            Some(open @ Open::Subscription { .. }) => *open = Open::Unsubscribed,
            _ => return Err(reading::no_subscription(wanted)),
        }
        let done = Box::new(ServerMessage::Done { reference });
        Ok(Box::pin(async { Answer::Said(done) }))
    }

    fn list(
        &self,
        reference: String,
        of: Listed,
        pool: Option<&Label>,
        query: Option<&str>,
    ) -> Result<Answering, Refused> {
        let brokers = match pool {
            None => self.api.pools.iter().cloned().collect(),
            named => vec![self.broker(named)?.clone()],
        };
        let query = ResourceQuery::parse(query.unwrap_or_default())?;
        let wanted = Wanted { of, brokers, query };
        Ok(Box::pin(commands::list(reference, wanted)))
    }

    fn broker(&self, pool: Option<&Label>) -> Result<&Broker, Refused> {
        Ok(self.api.pools.select(pool.map(AsRef::as_ref))?)
    }

    /// The pool of this name, and the client's presence in it.
    fn session(&mut self, pool: Option<&Label>) -> Result<(Broker, Arc<Session>), Refused> {
        let broker = self.broker(pool)?.clone();
        let session = self.sessions.entry(broker.pool().clone());
        let session = session.or_insert_with(|| Arc::new(broker.session()));
        let session = Arc::clone(session);
        Ok((broker, session))
    }

    fn lease(
        &self,
        id: RequestId,
        pool: Option<&Label>,
        token: Option<&str>,
    ) -> Result<Lease, Refused> {
        let broker = self.broker(pool)?;
        let by = match (token, self.sessions.get(broker.pool())) {
            (Some(token), _) => By::Token(broker.clone(), Token::presented(token)),
            (None, Some(session)) => By::Session(Arc::clone(session)),
            (None, None) => return Err(not_here(id)),
        };
        Ok(Lease { id, by })
    }

    /// What there is to say of an answer.
    fn answer(&mut self, answer: Answer) -> Option<Say> {
        match answer {
            Answer::Said(message) => {
                if let Some(reference) = message.reference() {
                    self.open.remove(reference);
                }
                Some(Say::Message(message))
            }
            Answer::Written(reference, text) => {
                self.open.remove(&reference);
                Some(Say::Text(text))
            }
            Answer::Watched(watched) => {
                let reference = watched.reference().to_owned();
                let subscribed = match &watched {
                    Watched::Request(_) => {
                        self.open.insert(reference, Open::Request);
                        None
                    }
                    Watched::Events(_) => Some(ServerMessage::Subscribed { reference }),
                };
                self.watched.push(Box::pin(watched.next()));
                subscribed.map(|message| Say::Message(Box::new(message)))
            }
        }
    }

    /// What there is to say of something that is watched.
    fn tell(&mut self, told: Told) -> Option<Say> {
        match told.next {
            Some(watched) => self.watched.push(Box::pin(watched.next())),
            None => {
                self.open.remove(&told.reference);
            }
        }
        told.message.map(|message| Say::Message(Box::new(message)))
    }
}

/// Waits for the first of the lists. Cancel-safe: it goes on where it was.
async fn next_list(lists: &mut VecDeque<Answering>) -> Option<Answer> {
    let answer = lists.front_mut()?.await;
    lists.pop_front();
    Some(answer)
}

fn too_many_unanswered() -> Refused {
    Refused::new(
        ProblemKind::TooManyRequests,
        format!(
            "{MAX_UNANSWERED} messages are not answered yet, and no more may be; wait for answers"
        ),
    )
}
