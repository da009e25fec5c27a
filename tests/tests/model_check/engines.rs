//! How the model drives the real engine.
//!
//! `respo::Engine` cannot be copied, and a checker copies states all the time. So the model keeps what an
//! engine is made of (a [`Core`]: the durable state, the sessions, and for how long each orphan is still
//! waited for), makes an engine of that for every deed, and takes the same from it afterwards. Times are the
//! same in every state: it is always [`NOW`], and deadlines count in ticks from there. The engine
//! is deterministic, so what a deed leads to is remembered: the checker meets the same core many times.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Hold, Limits, Name, NoticeKind, Record,
    Refusal, Reply, Request, RequestId, Requirement, Selector, SessionId, Timestamp, Token,
};

use super::durable::{Durable, Held, NOW};

/// How many ticks an orphan is waited for: the grace after a restart, and the linger of those who linger.
pub(crate) const PATIENCE: u8 = 2;
/// The unit of deadlines.
const TICK: Duration = Duration::from_secs(1);
/// Where orphans are put while an engine is made, if they are to be orphaned later than others.
const LATER: SessionId = SessionId(u64::MAX);

/// What an engine is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Core {
    /// What is stored, and the records that are not committed yet.
    pub(crate) live: Arc<Durable>,
    pub(crate) sessions: BTreeMap<SessionId, BTreeSet<RequestId>>,
    /// For how many more ticks each request without a session is waited for.
    pub(crate) orphans: BTreeMap<RequestId, u8>,
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Want {
    First,
    Second,
    Both,
}

/// What is done with an engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Start,
    Ask { session: SessionId, want: Want, lingers: bool, token: u8 },
    Resume { session: SessionId, token: u8 },
    Release { id: RequestId, token: u8 },
    Withdraw { id: RequestId },
    Close(SessionId),
    Tick,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Message {
    Waits(RequestId),
    Holds(RequestId, Held),
    Ended(RequestId),
    /// There is nothing to take up with this token.
    Refused,
}

/// What a deed leads to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) core: Arc<Core>,
    pub(crate) messages: Vec<(SessionId, Message)>,
    pub(crate) result: Result<Reply, Refusal>,
}

/// What is remembered.
type Known = HashMap<(Arc<Core>, Deed), Outcome>;

/// Engines for every state.
#[derive(Debug, Clone)]
pub(crate) struct Engines {
    limits: Limits,
    known: Arc<Mutex<Known>>,
}

impl Engines {
    /// Engines that give clients so many ticks after a restart.
    pub(crate) fn new(grace: u8) -> Self {
        let mut limits = Limits::default();
        limits.grace = TICK * u32::from(grace);
        Self { limits, known: Arc::default() }
    }

    /// How many different deeds the engine has been asked to do.
    pub(crate) fn deeds(&self) -> usize {
        self.known.lock().unwrap().len()
    }

    /// Does something with the engine of this core.
    pub(crate) fn act(&self, core: &Arc<Core>, deed: Deed) -> Outcome {
        let key = (Arc::clone(core), deed);
        if let Some(outcome) = self.known.lock().unwrap().get(&key) {
            return outcome.clone();
        }
        let outcome = self.act_anew(core, &key.1);
        self.known.lock().unwrap().insert(key, outcome.clone());
        outcome
    }

    fn act_anew(&self, core: &Core, deed: &Deed) -> Outcome {
        let mut core = core.clone();
        let mut effects = Effects::default();
        let mut engine = match deed {
            Deed::Start => self.restored(&core, NOW, &[]),
            _ => self.engine(&core),
        };
        let result = self.carry_out(deed, &mut engine, &mut effects);
        match deed {
            Deed::Start => {
                let ids = core.live.state().requests.keys();
                core.orphans = ids.map(|id| (*id, PATIENCE)).collect();
            }
            Deed::Tick => core.orphans.values_mut().for_each(|left| *left -= 1),
            _ => {}
        }
        let messages = core.follow(&engine, effects);
        assert!(core.orphans.values().all(|left| *left > 0), "{:?} is overdue", core.orphans);
        Outcome { core: Arc::new(core), messages, result }
    }

    fn carry_out(
        &self,
        deed: &Deed,
        engine: &mut Engine,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        let (session, command) = match *deed {
            Deed::Start => {
                engine.handle_timeout(NOW, effects);
                return Ok(Reply::Done);
            }
            Deed::Tick => {
                engine.handle_timeout(NOW.after(TICK), effects);
                return Ok(Reply::Done);
            }
            Deed::Ask { session, want, lingers, token } => {
                let request = Arc::new(request(want, lingers));
                let token = secret(token).digest();
                (Some(session), Command::Submit { session, request, token })
            }
            Deed::Resume { session, token } => {
                (Some(session), Command::Resume { session, token: secret(token) })
            }
            Deed::Release { id, token } => {
                (None, Command::End { id, by: Authority::Token(secret(token)) })
            }
            Deed::Withdraw { id } => {
                let digest = engine.state().requests.get(&id).map(|request| request.token);
                let digest = digest.ok_or(Refusal::NoRequest(id))?;
                (None, Command::End { id, by: Authority::Digest(digest) })
            }
            Deed::Close(session) => (None, Command::CloseSession(session)),
        };
        if let Some(session) = session {
            engine.handle(NOW, Command::OpenSession(session), effects)?;
        }
        engine.handle(NOW, command, effects)
    }

    fn restored(
        &self,
        core: &Core,
        at: Timestamp,
        attachments: &[(SessionId, Vec<RequestId>)],
    ) -> Engine {
        let (matcher, state) = (Arc::new(AttributeMatcher), core.live.state().clone());
        Engine::restore_with(self.limits.clone(), matcher, state, at, attachments)
    }

    /// The engine as it was after the last deed.
    fn engine(&self, core: &Core) -> Engine {
        let least = core.orphans.values().copied().min().unwrap_or(PATIENCE);
        let later = core.orphans.iter().filter(|(_, left)| **left > least).map(|(id, _)| *id);
        let attached = core.sessions.iter();
        let attached = attached.map(|(session, ids)| (*session, ids.iter().copied().collect()));
        let attachments: Vec<(SessionId, Vec<RequestId>)> =
            attached.chain([(LATER, later.collect())]).collect();
        // Those that have been waited for longer were orphaned earlier.
        let earlier = TICK * u32::from(PATIENCE - least);
        let start = Timestamp::from_micros(NOW.as_micros() - earlier.as_micros() as u64);
        let mut engine = self.restored(core, start, &attachments);
        let mut effects = Effects::default();
        let closed = engine.handle(NOW, Command::CloseSession(LATER), &mut effects);
        assert!(closed.is_ok() && effects.records.is_empty(), "a restored engine is as it was");
        let due = core.orphans.values().min().map(|left| NOW.after(TICK * u32::from(*left)));
        assert_eq!(engine.next_timeout(), due, "deadlines are restored");
        engine
    }
}

impl Core {
    /// Takes from an engine what it has become, and what is to be said.
    fn follow(&mut self, engine: &Engine, effects: Effects) -> Vec<(SessionId, Message)> {
        let mut state = self.live.state().clone();
        for record in &effects.records {
            if let Record::Granted { fence, .. } = record {
                assert!(*fence > state.last_fence, "fences rise");
            }
            state.apply(record);
        }
        assert_eq!(&state, engine.state(), "the records add up to the state");
        self.live = Arc::new(Durable::of(state));
        let sessions = engine.attachments().into_iter();
        self.sessions =
            sessions.map(|(session, ids)| (session, ids.into_iter().collect())).collect();
        let mut messages = Vec::new();
        for notice in effects.notices {
            let id = notice.id;
            let message = match notice.kind {
                NoticeKind::Queued | NoticeKind::Resumed { grant: None, .. } => Message::Waits(id),
                NoticeKind::Granted(grant) | NoticeKind::Resumed { grant: Some(grant), .. } => {
                    Message::Holds(id, Held::of(&grant))
                }
                NoticeKind::Ended { .. } => Message::Ended(id),
                NoticeKind::Orphaned { .. } => {
                    self.orphans.insert(id, PATIENCE);
                    continue;
                }
                other => panic!("nobody asked for {other:?}"),
            };
            messages.extend(notice.session.map(|session| (session, message)));
        }
        let attached: BTreeSet<RequestId> = self.sessions.values().flatten().copied().collect();
        let requests = &self.live.state().requests;
        self.orphans.retain(|id, _| requests.contains_key(id) && !attached.contains(id));
        messages
    }
}

fn request(want: Want, lingers: bool) -> Request {
    let named = |name| Requirement::one(Selector::named(Name::new(name).unwrap()));
    let mut request = Request::new(match want {
        Want::First => vec![named("r-1")],
        Want::Second => vec![named("r-2")],
        Want::Both => vec![named("r-1"), named("r-2")],
    })
    .unwrap();
    let linger = if lingers { TICK * u32::from(PATIENCE) } else { Duration::ZERO };
    request.hold = Hold::Connection { linger };
    request
}

fn secret(token: u8) -> Token {
    Token::from_random([token; 16])
}
