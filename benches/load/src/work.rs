//! What the clients do.

use std::cell::RefCell;
use std::convert::Infallible;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::client::{Answer, Client, Wanted};
use crate::failure::Failure;
use crate::handover::Handover;
use crate::subject::{Subject, Surface};
use crate::tally::Tally;

/// How long each of the waiting clients holds what it is granted.
const HOLD: Duration = Duration::from_millis(100);

/// A kind of work. What is counted, and what is timed, is said of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Work {
    /// Each client acquires a resource of its own and releases it, over and over. Counted and timed: such cycles.
    W1,
    /// All wait for one resource. Counted: grants; timed: from the release to the next one's grant.
    W2,
    /// Each acquires any resource with the tag that all have, and releases it. Counted and timed: such cycles.
    W3,
    /// Each renews a lease of its own. Counted and timed: renewals.
    W4,
    /// Each holds a resource of its own and does nothing. Counted: messages that come unasked.
    W5Holding,
    /// All wait for one resource, which whoever is granted it holds for 100 ms, once. Counted: messages that come
    /// unasked; timed: from the release to the next one's grant.
    W5Waiting,
}

impl Work {
    /// How many resources there must be for so many clients.
    pub(crate) fn resources(self, clients: usize) -> usize {
        match self {
            Self::W2 | Self::W5Waiting => 1,
            Self::W1 | Self::W3 | Self::W4 | Self::W5Holding => clients.max(100),
        }
    }

    /// Whether the subject can do it.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn expect_fit(self, subject: Subject) -> Result<(), Failure> {
        let bare = matches!(subject, Subject::Echo | Subject::Warp);
        if bare && matches!(self, Self::W2 | Self::W3 | Self::W5Waiting) {
            return Err(Failure::new(format!("{subject} leases nothing, so nobody waits for it")));
        }
        if self == Self::W4 && matches!(subject, Subject::Respod { surface: Surface::Lock, .. }) {
            return Err(Failure::new(
                "a lease of /lock is kept by its connection, not by renewals",
            ));
        }
        Ok(())
    }

    fn wanted(self, number: usize) -> Wanted {
        match self {
            Self::W1 | Self::W5Holding => Wanted::Own(number),
            Self::W2 | Self::W5Waiting => Wanted::Shared,
            Self::W3 => Wanted::Any,
            Self::W4 => Wanted::Renewed(number),
        }
    }
}

/// When it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Instant,
    pub(crate) until: Instant,
}

/// One client's part of the work.
pub(crate) struct Part {
    pub(crate) work: Work,
    pub(crate) number: usize,
    /// How many requests it makes, where it only waits.
    pub(crate) requests: usize,
    pub(crate) window: watch::Receiver<Option<Window>>,
    pub(crate) tally: Rc<RefCell<Tally>>,
    pub(crate) handover: Arc<Handover>,
}

/// A client that has done what comes before the work.
pub(crate) struct Prepared {
    client: Client,
    answer: Option<Answer>,
}

impl Part {
    /// Does what comes before the work: takes what is renewed or held, and gets into the queue.
    pub(crate) async fn prepare(&self, mut client: Client) -> Result<Prepared, Failure> {
        let wanted = self.work.wanted(self.number);
        let answer = match self.work {
            Work::W1 | Work::W3 => None,
            Work::W2 | Work::W4 | Work::W5Holding => Some(client.ask(wanted).await?),
            Work::W5Waiting => {
                let mut first = client.ask(wanted).await?;
                for _ in 1..self.requests {
                    if let Answer::Granted(held) = client.ask(wanted).await? {
                        first = Answer::Granted(held);
                    }
                }
                Some(first)
            }
        };
        Ok(Prepared { client, answer })
    }

    /// Does the work for as long as it is let.
    pub(crate) async fn play(mut self, prepared: Prepared) -> Result<Infallible, Failure> {
        let Prepared { mut client, answer } = prepared;
        match (self.work, answer) {
            (Work::W2, Some(answer)) => self.take_turns(&mut client, answer).await,
            (Work::W4, Some(Answer::Granted(held))) => {
                let window = self.begun().await?;
                loop {
                    let begun = Instant::now();
                    client.renew(&held).await?;
                    self.tally.borrow_mut().count(window, begun);
                }
            }
            (Work::W5Waiting, Some(answer)) => self.wait_once(&mut client, answer).await,
            (Work::W5Holding, Some(Answer::Granted(_))) => self.listen(&mut client).await,
            (Work::W4 | Work::W5Holding, _) => {
                Err(Failure::new("somebody else has the client's own resource"))
            }
            _ => self.cycle(&mut client).await,
        }
    }

    async fn cycle(&mut self, client: &mut Client) -> Result<Infallible, Failure> {
        let (window, wanted) = (self.begun().await?, self.work.wanted(self.number));
        loop {
            let begun = Instant::now();
            let held = client.acquire(wanted).await?;
            client.release(held).await?;
            self.tally.borrow_mut().count(window, begun);
        }
    }

    async fn take_turns(
        &mut self,
        client: &mut Client,
        mut answer: Answer,
    ) -> Result<Infallible, Failure> {
        loop {
            let held = match answer {
                Answer::Granted(held) => held,
                Answer::Queued => client.granted(|| {}).await?,
            };
            let granted = Instant::now();
            let window = self.begun().await?;
            let released = self.handover.granted(held.id)?;
            let begun = released.unwrap_or(granted);
            self.tally.borrow_mut().count_until(window, begun, granted);
            self.handover.releasing();
            client.release(held).await?;
            answer = client.ask(self.work.wanted(self.number)).await?;
        }
    }

    /// Waits for each of its requests, holds it for a moment, and asks for nothing more.
    async fn wait_once(
        &mut self,
        client: &mut Client,
        answer: Answer,
    ) -> Result<Infallible, Failure> {
        let mut first = match answer {
            Answer::Granted(held) => Some(held),
            Answer::Queued => None,
        };
        for _ in 0..self.requests {
            let held = match first.take() {
                Some(held) => held,
                None => client.granted(self.hearing()).await?,
            };
            let granted = Instant::now();
            let window = self.listening_until_begun(client).await?;
            if let Some(released) = self.handover.granted(held.id)? {
                self.tally.borrow_mut().time(window, released, granted);
            }
            tokio::time::sleep(HOLD).await;
            self.handover.releasing();
            client.release(held).await?;
        }
        self.listen(client).await
    }

    async fn listen(&mut self, client: &mut Client) -> Result<Infallible, Failure> {
        client.listen(self.hearing()).await
    }

    /// Counts the messages that come once it is measured.
    fn hearing(&self) -> impl FnMut() + use<> {
        let (window, tally) = (self.window.clone(), Rc::clone(&self.tally));
        move || {
            if let Some(window) = *window.borrow() {
                tally.borrow_mut().heard(window);
            }
        }
    }

    /// Waits until all clients are ready, and answers the server meanwhile, which may be long.
    async fn listening_until_begun(&self, client: &mut Client) -> Result<Window, Failure> {
        let mut part = self.window.clone();
        tokio::select! {
            biased;
            window = begun(&mut part) => window,
            failed = client.listen(|| {}) => match failed? {},
        }
    }

    /// Waits until all clients are ready.
    async fn begun(&mut self) -> Result<Window, Failure> {
        begun(&mut self.window).await
    }
}

async fn begun(window: &mut watch::Receiver<Option<Window>>) -> Result<Window, Failure> {
    let window = window.wait_for(Option::is_some).await;
    let window = window.map_err(|_| Failure::new("another client has failed"))?;
    window.ok_or_else(|| Failure::new("it has not begun"))
}
