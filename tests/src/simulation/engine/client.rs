//! What a client knows.

use std::collections::BTreeMap;
use std::sync::Arc;

use respo::{
    IdempotencyKey, Name, NoticeKind, Refusal, Reply, Request, RequestId, SessionId, Token,
};

use super::message::About;
use crate::simulation::checkers::held_names;

/// How many spent tokens a client remembers, to use them once more.
const REMEMBERED: usize = 6;

#[derive(Debug, Default)]
pub(super) struct Client {
    /// Its connection, as far as it knows.
    pub(super) session: Option<SessionId>,
    pub(super) errands: Vec<Errand>,
    /// What has ended: to be released again, or resumed too late.
    pub(super) spent: Vec<(RequestId, Token)>,
    /// Notices that came before the answer that says what they are about: whether it was granted.
    early: BTreeMap<RequestId, Phase>,
    /// After the faults have stopped: that it has connected anew.
    pub(super) is_renewed: bool,
    /// It has nothing left to do.
    pub(super) is_done: bool,
}

/// A request, from the client's side.
#[derive(Debug)]
pub(super) struct Errand {
    pub(super) number: u64,
    /// Its id and its token, once they are known.
    pub(super) known: Option<(RequestId, Token)>,
    pub(super) phase: Phase,
    /// The session that it was asked, or taken up, in.
    pub(super) session: Option<SessionId>,
    /// What it asks for, and the key, if it is to be asked for until it is answered.
    pub(super) once: Option<(Arc<Request>, IdempotencyKey)>,
    /// What it holds.
    pub(super) held: Vec<Name>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Asked,
    Waiting,
    Holding,
    Releasing,
    Over,
}

impl Client {
    /// Takes an answer, and returns what nobody has asked for, and is to be given back.
    pub(super) fn answered(
        &mut self,
        errand: u64,
        about: About,
        result: &Result<Reply, Refusal>,
        token: Option<Token>,
    ) -> Option<(RequestId, Token)> {
        if matches!(result, Err(Refusal::NoSession)) {
            self.session = None;
        }
        if let (Ok(Reply::Submitted(id) | Reply::Repeated { id, .. }), Some(token)) =
            (result, token)
        {
            return match about {
                About::Submit | About::Once => self.taken(errand, *id, token),
                // What it took for over, or for another's, is its own again: it has no use for that.
                _ => (!self.knows(*id)).then_some((*id, token)),
            };
        }
        let errand = self.errands.iter_mut().find(|known| known.number == errand)?;
        match (about, result) {
            (About::Submit, Err(_)) if errand.known.is_none() => errand.phase = Phase::Over,
            (About::Once, Err(Refusal::StoreUnavailable(_) | Refusal::NoSession))
                if errand.known.is_none() =>
            {
                // It may have been made all the same: it is to be sent again.
                errand.session = None;
            }
            (About::Once, Err(_)) if errand.known.is_none() => errand.phase = Phase::Over,
            (About::Resume, Err(Refusal::StoreUnavailable(_) | Refusal::Draining)) => {
                errand.session = None;
            }
            (About::Resume, Err(Refusal::NoSession)) => errand.session = None,
            (About::Resume, Err(_)) => errand.phase = Phase::Over,
            (About::End, Err(Refusal::StoreUnavailable(_))) if errand.phase == Phase::Releasing => {
                errand.phase = Phase::Holding;
            }
            (About::End, _) if errand.phase == Phase::Releasing => errand.phase = Phase::Over,
            _ => {}
        }
        self.forget();
        None
    }

    /// A request was taken; if it was asked for once too often, it is given back.
    fn taken(&mut self, errand: u64, id: RequestId, token: Token) -> Option<(RequestId, Token)> {
        let wanted = self.errands.iter_mut().find(|known| known.number == errand);
        let is_new = |errand: &&mut Errand| errand.known.as_ref().is_none_or(|known| known.0 == id);
        let Some(errand) = wanted.filter(is_new) else {
            return Some((id, token));
        };
        if errand.known.is_some() {
            // Its key was sent twice.
            return None;
        }
        errand.known = Some((id, token));
        errand.phase = self.early.remove(&id).unwrap_or(Phase::Waiting);
        self.forget();
        None
    }

    fn knows(&self, id: RequestId) -> bool {
        self.errands.iter().any(|errand| errand.known.as_ref().is_some_and(|known| known.0 == id))
    }

    /// Takes a notice.
    pub(super) fn noticed(&mut self, id: RequestId, kind: &NoticeKind) {
        let phase = match kind {
            NoticeKind::Granted(_) | NoticeKind::Resumed { grant: Some(_), .. } => Phase::Holding,
            NoticeKind::Ended { .. } | NoticeKind::Transferred { .. } => Phase::Over,
            _ => return,
        };
        let held: Vec<Name> = match kind {
            NoticeKind::Granted(grant) | NoticeKind::Resumed { grant: Some(grant), .. } => {
                held_names(grant).cloned().collect()
            }
            _ => Vec::new(),
        };
        let mut is_known = false;
        // It may know of it twice, having been lent its own token.
        for errand in &mut self.errands {
            if errand.known.as_ref().is_some_and(|known| known.0 == id) {
                is_known = true;
                errand.held.clone_from(&held);
                if errand.phase != Phase::Releasing || phase == Phase::Over {
                    errand.phase = phase;
                }
            }
        }
        if !is_known {
            self.early.insert(id, phase);
        }
        self.forget();
    }

    /// Forgets what is over, but for some of the tokens.
    pub(super) fn forget(&mut self) {
        let spent = &mut self.spent;
        self.errands.retain_mut(|errand| {
            if errand.phase != Phase::Over {
                return true;
            }
            spent.extend(errand.known.take());
            false
        });
        let surplus = spent.len().saturating_sub(REMEMBERED);
        spent.drain(..surplus);
    }
}
