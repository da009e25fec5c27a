//! What happens in a pool, for those who watch: the newest events are kept, and each reader goes through
//! them at its own pace.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::engine::{Notice, NoticeKind, Record};
use crate::lease::{EndReason, Grant};
use crate::names::Label;
use crate::request::{Request, RequestId};
use crate::time::Timestamp;
use crate::wire::{EventId, Happening, PublicEvent};

/// How many events are kept in a pool: the 4,096 newest.
pub const MAX_EVENTS: usize = 4096;

/// What a reader of [`Events`] gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventItem {
    /// Something happened.
    Happened(PublicEvent),
    /// Some of what happened is not kept any more: the reader was too slow, or asked for what came after an
    /// event of an earlier start. Lists must be read again; what happens from now on follows.
    Missed,
}

/// What happens in a pool, event by event. A reader that is too slow misses some, and is told so.
#[derive(Debug)]
pub struct Events {
    log: Arc<EventLog>,
    /// The number of the last event that was read, or passed over.
    last: u64,
    /// Something was missed, and has not been told.
    has_missed: bool,
    newest: watch::Receiver<u64>,
}

impl Events {
    /// The next event; `None` when the pool has stopped. Cancel-safe.
    pub async fn next(&mut self) -> Option<EventItem> {
        loop {
            if let Some(item) = self.try_next() {
                return Some(item);
            }
            if self.newest.changed().await.is_err() {
                return self.try_next();
            }
        }
    }

    /// The next event, if there is one already.
    pub fn try_next(&mut self) -> Option<EventItem> {
        let kept = self.log.kept();
        let before_first = kept.last - kept.events.len() as u64;
        if self.last < before_first {
            self.has_missed = true;
            self.last = kept.last;
        }
        if std::mem::take(&mut self.has_missed) {
            return Some(EventItem::Missed);
        }
        let index = usize::try_from(self.last - before_first).ok()?;
        let happened = kept.events.get(index)?.clone();
        self.last += 1;
        drop(kept);
        Some(EventItem::Happened(happened.public(&self.log, self.last)))
    }

    /// The id of the last event that was read, or passed over.
    #[must_use]
    pub fn last(&self) -> EventId {
        EventId { epoch: self.log.epoch, number: self.last }
    }
}

/// The newest events of a pool. The actor alone adds to it.
#[derive(Debug)]
pub(super) struct EventLog {
    pool: Label,
    epoch: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<Event>,
    /// What of them tells of an end.
    ended: BTreeMap<RequestId, EndReason>,
    /// The number of the newest.
    last: u64,
    newest: Option<watch::Sender<u64>>,
}

#[derive(Debug, Clone)]
struct Event {
    at: Timestamp,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// Written out when somebody reads it: that is long, and seldom asked for.
    Queued(RequestId, Arc<Request>),
    Happened(Happening),
}

impl EventLog {
    pub(super) fn new(pool: Label, epoch: Timestamp) -> Self {
        let newest = Some(watch::channel(0).0);
        let kept =
            Mutex::new(Kept { events: VecDeque::new(), ended: BTreeMap::new(), last: 0, newest });
        Self { pool, epoch: epoch.as_micros(), kept }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing that is done under the lock leaves it half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens from now on, or after an event.
    pub(super) fn follow(self: &Arc<Self>, after: Option<EventId>) -> Events {
        let kept = self.kept();
        let newest = match &kept.newest {
            Some(newest) => newest.subscribe(),
            None => watch::channel(kept.last).1,
        };
        let (last, has_missed) = match after {
            None => (kept.last, false),
            Some(after) if after.epoch == self.epoch && after.number <= kept.last => {
                (after.number, false)
            }
            Some(_) => (kept.last, true),
        };
        drop(kept);
        Events { log: Arc::clone(self), last, has_missed, newest }
    }

    /// Takes note of what a batch has changed, once that is durable.
    pub(super) fn add(&self, records: Vec<Record>, notices: &[Notice], now: Timestamp) {
        let mut about = About::of(notices);
        let mut events: Vec<Event> =
            records.into_iter().filter_map(|record| about.recorded(record)).collect();
        events.extend(notices.iter().filter_map(|notice| about.noticed(notice, now)));
        if events.is_empty() {
            return;
        }
        let mut kept = self.kept();
        for event in events {
            kept.push(event);
        }
        if let Some(newest) = &kept.newest {
            newest.send_replace(kept.last);
        }
    }

    /// What happened is not known in full: every reader has missed some.
    pub(super) fn lose(&self) {
        let mut kept = self.kept();
        kept.events.clear();
        kept.ended.clear();
        kept.last += 1;
        if let Some(newest) = &kept.newest {
            newest.send_replace(kept.last);
        }
    }

    /// Nothing more happens.
    pub(super) fn close(&self) {
        self.kept().newest = None;
    }

    /// Why a request or lease ended, as far back as that is kept.
    pub(super) fn ended(&self, wanted: RequestId) -> Option<EndReason> {
        self.kept().ended.get(&wanted).copied()
    }
}

impl Kept {
    fn push(&mut self, event: Event) {
        if let Some((id, reason)) = event.end() {
            self.ended.insert(id, reason);
        }
        self.events.push_back(event);
        self.last += 1;
        if self.events.len() > MAX_EVENTS
            && let Some((id, _)) = self.events.pop_front().and_then(|oldest| oldest.end())
        {
            self.ended.remove(&id);
        }
    }
}

/// What the notices of a batch say of the requests that its records are about.
struct About<'n> {
    holders: BTreeMap<RequestId, Option<&'n Label>>,
    /// What has ended, and what it held.
    ended: BTreeMap<RequestId, Option<&'n Grant>>,
    /// Who passed a lease to whom, in order, as far as that has not been told.
    transfers: BTreeMap<RequestId, VecDeque<(Option<&'n Label>, &'n Label)>>,
}

impl<'n> About<'n> {
    fn of(notices: &'n [Notice]) -> Self {
        let holder = |notice: &'n Notice| (notice.id, notice.request.holder.as_ref());
        let ended = |notice: &'n Notice| match &notice.kind {
            NoticeKind::Ended { grant, .. } => Some((notice.id, grant.as_ref())),
            _ => None,
        };
        let mut transfers: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
        for notice in notices {
            if let NoticeKind::Transferred { from, to } = &notice.kind {
                transfers.entry(notice.id).or_default().push_back((from.as_ref(), to));
            }
        }
        Self {
            holders: notices.iter().map(holder).collect(),
            ended: notices.iter().filter_map(ended).collect(),
            transfers,
        }
    }

    fn holder(&self, id: RequestId) -> Option<Label> {
        self.holders.get(&id).copied().flatten().cloned()
    }

    fn recorded(&mut self, record: Record) -> Option<Event> {
        let (at, happened) = match record {
            Record::Queued { id, request, at, .. } => {
                return Some(Event { at, what: What::Queued(id, request) });
            }
            Record::Granted { id, fence, resources, at, .. } => {
                let holder = self.holder(id);
                (at, Happening::Granted { lease: id, fence, holder, resources })
            }
            Record::Ended { id, reason, at } => (at, self.end(id, reason)),
            Record::Extended { id, expires, until, at } => {
                let expires = expires.into_iter().chain(until).min()?;
                (at, Happening::Extended { lease: id, expires })
            }
            Record::PartlyReleased { id, resources, at } => {
                (at, Happening::PartlyReleased { lease: id, resources })
            }
            Record::Allowed { id, who, at, .. } => (at, Happening::Allowed { lease: id, who }),
            Record::Disallowed { id, who, at } => (at, Happening::Disallowed { lease: id, who }),
            Record::InventoryReplaced { revision, at, .. } => {
                (at, Happening::Inventory { revision })
            }
            Record::Transferred { id, at, .. } => {
                // The notice says whose it was.
                let (from, to) = self.transfers.get_mut(&id)?.pop_front()?;
                (at, Happening::Transferred { lease: id, from: from.cloned(), to: to.clone() })
            }
            Record::ClockSet { .. } => return None,
        };
        Some(Event { at, what: What::Happened(happened) })
    }

    fn end(&self, id: RequestId, reason: EndReason) -> Happening {
        let holder = self.holder(id);
        match self.ended.get(&id).copied().flatten() {
            None => Happening::Withdrawn { request: id, holder, reason },
            Some(grant) => {
                let resources = grant.names().cloned().collect();
                Happening::Ended { lease: id, holder, resources, reason }
            }
        }
    }

    /// What has no record. Of what has ended in the same batch, it is of no interest any more.
    fn noticed(&self, notice: &Notice, now: Timestamp) -> Option<Event> {
        let id = notice.id;
        let happened = match &notice.kind {
            _ if self.ended.contains_key(&id) => return None,
            NoticeKind::Orphaned { until } => Happening::Orphaned { id, until: *until },
            // What has a ttl is never orphaned, so that somebody follows it again is no news.
            NoticeKind::Resumed { .. } if notice.request.ttl().is_none() => {
                Happening::Resumed { id }
            }
            _ => return None,
        };
        Some(Event { at: now, what: What::Happened(happened) })
    }
}

impl Event {
    fn end(&self) -> Option<(RequestId, EndReason)> {
        match &self.what {
            What::Happened(
                Happening::Ended { lease: id, reason, .. }
                | Happening::Withdrawn { request: id, reason, .. },
            ) => Some((*id, *reason)),
            _ => None,
        }
    }

    fn public(self, log: &EventLog, number: u64) -> PublicEvent {
        let id = EventId { epoch: log.epoch, number };
        PublicEvent { id, time: self.at, pool: log.pool.clone(), what: self.what.public() }
    }
}

impl What {
    fn public(self) -> Happening {
        match self {
            Self::Happened(happened) => happened,
            Self::Queued(id, request) => Happening::Queued {
                request: id,
                holder: request.holder.clone(),
                description: request.description.clone(),
                priority: request.priority,
                requirements: request.requirements().iter().map(ToString::to_string).collect(),
            },
        }
    }
}
