//! One request of a client, from the first byte to the last, through however many connections it takes.

use std::io;

use respo::wire::{Event as Notice, Problem};
use tokio::time::Instant;

use crate::crash::client::Client;
use crate::crash::dice::Dice;
use crate::crash::exchange::Exchange;
use crate::crash::history::{Event, Step};
use crate::crash::workload::{AfterLoss, Parting, Plan};

/// A request on its way.
#[derive(Debug)]
pub(super) struct Errand<'c> {
    client: &'c Client,
    turn: u64,
    plan: Plan,
    /// For pauses, of which there are more or fewer each time.
    dice: Dice,
    stream: Option<Exchange>,
    known: Option<Known>,
    /// When to drop the connection and come back.
    blink: Option<Instant>,
    /// When to leave, and how.
    leave: Option<(Instant, Parting)>,
    losses: u64,
    /// Whether the server has answered on this stream. Until then there is nothing to decide on.
    answered: bool,
    /// Whether the server has said that it is over.
    over: bool,
}

/// What the server has said, which is needed to come back.
#[derive(Debug)]
struct Known {
    id: u64,
    token: String,
    granted: bool,
}

/// What comes next.
enum Next {
    /// The server says something.
    Told(Box<Notice>),
    /// The connection has ended.
    Lost,
    /// It is time to drop the connection.
    Blink,
    /// It is time to leave.
    Leave(Parting),
}

/// Whether the errand goes on.
#[derive(PartialEq, Eq)]
enum Course {
    On,
    Over,
}

impl<'c> Errand<'c> {
    pub(super) fn new(client: &'c Client, turn: u64, plan: Plan) -> Self {
        Self {
            client,
            turn,
            plan,
            dice: Dice::of(client.seed, &[u64::from(client.number), turn, u64::MAX]),
            stream: None,
            known: None,
            blink: None,
            leave: None,
            losses: 0,
            answered: false,
            over: false,
        }
    }

    pub(super) async fn run(&mut self) {
        if self.ask().await == Course::Over {
            return;
        }
        loop {
            let course = match self.next().await {
                Next::Told(notice) => self.hear(*notice),
                Next::Lost => self.lose().await,
                Next::Blink => self.blink().await,
                Next::Leave(parting) => self.leave(parting).await,
            };
            if course == Course::Over {
                return;
            }
        }
    }

    /// Whether the server has said that it is over.
    pub(super) fn has_ended(&self) -> bool {
        self.over
    }

    fn record(&self, step: Step) {
        let Client { number, recorder, .. } = self.client;
        recorder.record(Event::Client { client: *number, turn: self.turn, step });
    }

    async fn ask(&mut self) -> Course {
        let mut exchange = self.client.connect(&mut self.dice).await;
        self.record(Step::Asked(self.plan.asked.clone()));
        let target = format!("/lock?{}", self.plan.asked.query(self.client.number));
        match exchange.ask("POST", &target, "").await {
            Ok(head) if head.status == 200 => {
                self.stream = Some(exchange);
                return Course::On;
            }
            Ok(head) => {
                let code = code(&mut exchange).await;
                self.record(Step::Refused { status: head.status, code });
            }
            // Whether the server has the request nobody knows, and without a token nobody can find out.
            Err(_) => self.record(Step::Lost),
        }
        Course::Over
    }

    /// Waits for what comes first; what the server has said already goes before the client's own plans.
    async fn next(&mut self) -> Next {
        let stream = self.stream.as_mut().expect("an errand goes on only with a stream");
        let blink = at(self.blink.filter(|_| self.answered));
        let leave = at(self.leave.map(|(deadline, _)| deadline).filter(|_| self.answered));
        tokio::select! {
            biased;
            line = stream.line() => match line {
                Ok(Some(line)) => Next::Told(Box::new(notice(&line))),
                Ok(None) | Err(_) => Next::Lost,
            },
            () = blink => Next::Blink,
            () = leave => Next::Leave(self.leave.expect("its moment has come").1),
        }
    }

    /// Writes down what the server says, and makes plans.
    fn hear(&mut self, notice: Notice) -> Course {
        self.answered = true;
        match notice {
            Notice::Queued { request } => {
                let (id, position, token) = (request.id.0, request.position, request.token);
                self.record(Step::Queued { id, position, token: token.clone() });
                if self.known.is_none() {
                    let token = token.expect("the first line has the token");
                    self.known = Some(Known { id, token, granted: false });
                    let leave = |(after, parting)| (Instant::now() + after, parting);
                    self.leave = self.plan.patience.map(leave);
                    self.plan_blink();
                }
            }
            Notice::Granted { lease } => {
                let (id, fence, token) = (lease.id.0, lease.fence.0, lease.token);
                let resource =
                    lease.resource.expect("each errand asks for one resource").name.to_string();
                self.record(Step::Granted { id, fence, resource, token: token.clone() });
                if !self.known.as_ref().is_some_and(|known| known.granted) {
                    self.known = Some(Known { id, token, granted: true });
                    self.leave = Some((Instant::now() + self.plan.hold, self.plan.parting));
                    self.plan_blink();
                }
            }
            Notice::Ended { id, reason, .. } => {
                self.record(Step::Ended { id: id.0, reason: reason.code().to_owned() });
                self.over = true;
                return Course::Over;
            }
            // A heartbeat says nothing new, and the others come before an end that is told or seen.
            _ => {}
        }
        Course::On
    }

    fn plan_blink(&mut self) {
        self.blink = self.plan.blink.map(|(after, _)| Instant::now() + after);
    }

    async fn lose(&mut self) -> Course {
        self.record(Step::Lost);
        self.stream = None;
        if self.known.is_none() {
            return Course::Over;
        }
        self.losses += 1;
        let Client { seed, number, .. } = *self.client;
        match AfterLoss::of(seed, number, self.turn, self.losses) {
            AfterLoss::Resume => self.come_back().await,
            AfterLoss::Release => self.leave(Parting::Release).await,
            AfterLoss::Vanish => self.leave(Parting::Vanish).await,
        }
    }

    async fn blink(&mut self) -> Course {
        self.blink = None;
        let away = self.plan.blink.take().map(|(_, away)| away).unwrap_or_default();
        self.record(Step::Blinked);
        self.stream = None;
        tokio::time::sleep(away).await;
        self.come_back().await
    }

    /// Resumes until the server answers.
    async fn come_back(&mut self) -> Course {
        loop {
            match self.resume().await {
                Ok((200, exchange)) => {
                    self.stream = Some(exchange);
                    self.answered = false;
                    return Course::On;
                }
                // It is not there, or not ready: the token is as good as before.
                Ok((502..=504, _)) => {}
                Ok(_) => return Course::Over,
                Err(_) => self.record(Step::Lost),
            }
            self.client.pause(&mut self.dice).await;
        }
    }

    /// Resumes once, and returns the status of the answer.
    async fn resume(&mut self) -> io::Result<(u16, Exchange)> {
        let token = &self.known.as_ref().expect("only who has a token comes back").token;
        let target = format!("/lock?resume={token}");
        let mut exchange = self.client.connect(&mut self.dice).await;
        self.record(Step::ResumeSent);
        let status = exchange.ask("POST", &target, "").await?.status;
        if status != 200 {
            let code = code(&mut exchange).await;
            self.record(Step::ResumeRefused { status, code });
        }
        Ok((status, exchange))
    }

    async fn leave(&mut self, parting: Parting) -> Course {
        match parting {
            Parting::Release => self.release().await,
            Parting::Close => self.record(Step::Closed),
            Parting::Vanish => self.record(Step::Vanished),
        }
        self.stream = None;
        Course::Over
    }

    /// Sends `DELETE` until it is answered, and then hears the stream out.
    async fn release(&mut self) {
        let Known { id, token, .. } = self.known.as_ref().expect("only who was told of it leaves");
        let target = format!("/v1/leases/{id}");
        let bearer = format!("Authorization: Bearer {token}\r\n");
        loop {
            let mut exchange = self.client.connect(&mut self.dice).await;
            self.record(Step::ReleaseSent);
            match exchange.ask("DELETE", &target, &bearer).await.map(|head| head.status) {
                Ok(status) => {
                    self.record(Step::ReleaseAnswered { status });
                    if !(502..=504).contains(&status) {
                        self.over = true;
                        break;
                    }
                }
                Err(_) => self.record(Step::ReleaseUnanswered),
            }
            self.client.pause(&mut self.dice).await;
        }
        self.leave = None;
        self.blink = None;
        while self.stream.is_some() {
            match self.next().await {
                Next::Told(notice) => {
                    if self.hear(*notice) == Course::Over {
                        return;
                    }
                    // A grant that crossed the release makes no plans any more.
                    self.leave = None;
                    self.blink = None;
                }
                _ => self.stream = None,
            }
        }
    }

    /// Presents the token of what has ended: it must be good for nothing.
    pub(super) async fn try_again(mut self) {
        match self.resume().await {
            Ok((200, mut exchange)) => {
                if let Ok(Some(line)) = exchange.line().await {
                    self.hear(notice(&line));
                }
            }
            Ok(_) => {}
            Err(_) => self.record(Step::Lost),
        }
    }
}

/// The deadline, if there is one.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn notice(line: &str) -> Notice {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no notice ({error}): {line:?}"))
}

/// The code of the problem that is the body of this answer.
async fn code(exchange: &mut Exchange) -> String {
    match exchange.rest().await {
        Ok(body) => match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => problem.code,
            Err(error) => format!("no problem document: {error}"),
        },
        Err(error) => format!("unread: {error}"),
    }
}
