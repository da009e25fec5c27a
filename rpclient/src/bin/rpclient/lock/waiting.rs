//! Tells people how the waiting goes: a live line on a terminal, a line now and then elsewhere.

use std::env;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rpclient::respo::Timestamp;
use rpclient::respo::wire::QueuedRequest;
use rpclient::{Fence, Notice, RequestId};
use tokio::time::{Instant, sleep_until};

use super::absence::Absence;
use super::held::Held;
use super::terminal;
use super::waiting_text::describe;
use crate::{elapsed, output};

/// How often the live line is drawn.
const FRAME: Duration = Duration::from_millis(200);
/// Elsewhere, changes are told at most this often.
const BETWEEN_CHANGES: Duration = Duration::from_secs(10);
/// Elsewhere, something is said at least this often: continuous integration ends jobs that are silent.
const LONGEST_SILENCE: Duration = Duration::from_secs(300);
/// How many candidates a line lists.
const CANDIDATES: usize = 4;
/// What has come through an absence of respod.
const KEPT: &str = "the request has kept its place";

/// Shows the waiting on standard error.
pub(crate) struct WaitingDisplay {
    mode: Mode,
    /// How many resources the request needs.
    requested: usize,
    /// Where the request stands, and when the waiting began by the local and by the server's clock.
    place: Option<Place>,
    /// Of respod.
    absence: Option<Absence>,
}

enum Mode {
    Quiet,
    Live { line: ProgressBar, next_frame: Instant },
    Lines { told: Option<Told> },
}

struct Place {
    request: QueuedRequest,
    began: Instant,
    /// The server's time at that moment. Clocks differ; how long someone has held something is
    /// counted by the clock that saw it begin.
    began_at_server: Timestamp,
}

impl Place {
    fn server_now(&self) -> Timestamp {
        self.began_at_server.after(self.began.elapsed())
    }
}

/// What was told last.
struct Told {
    at: Instant,
    position: u64,
}

impl WaitingDisplay {
    /// For a request for so many resources.
    pub(crate) fn new(requested: usize, quiet: bool) -> Self {
        let dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
        let mode = if quiet {
            Mode::Quiet
        } else if stderr().is_terminal() && !dumb && terminal::in_foreground() {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // The template is a constant that is known to be right; the default would serve too.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                line.set_style(style);
            }
            Mode::Live { line, next_frame: Instant::now() }
        } else {
            Mode::Lines { told: None }
        };
        Self { mode, requested, place: None, absence: None }
    }

    /// Takes in what the waiting request was told.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        match notice {
            Notice::Queued(request) => {
                let (began, began_at_server) = match &self.place {
                    Some(place) => (place.began, place.began_at_server),
                    None => (Instant::now(), request.since),
                };
                let request = request.clone();
                self.place = Some(Place { request, began, began_at_server });
                self.tell_of_return();
                self.refresh_if_due();
            }
            Notice::Draining { .. } => self.say("respod is about to stop; it ends the request"),
            Notice::Away { cause, until } => {
                Absence::take_in(&mut self.absence, cause, *until);
                self.refresh_if_due();
            }
            _ => {}
        }
    }

    /// Waits until there is something to draw or to say.
    pub(crate) async fn due(&self) {
        match self.due_at() {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Draws or says how things stand.
    pub(crate) fn refresh(&mut self) {
        if self.absence_due_at().is_some_and(|at| at <= Instant::now()) {
            self.tell_of_long_absence();
        }
        if self.place_due_at().is_some_and(|at| at <= Instant::now()) {
            self.show_place();
        }
    }

    /// Whether respod is away.
    pub(crate) fn is_away(&self) -> bool {
        self.absence.is_some()
    }

    /// Takes the live line away, before something else is written.
    pub(crate) fn clear(&self) {
        if let Mode::Live { line, .. } = &self.mode {
            line.finish_and_clear();
        }
    }

    /// Says what was granted, and how long that took.
    pub(crate) fn granted(&mut self, held: &Held, id: RequestId, fence: Fence) {
        self.tell_of_return();
        if matches!(self.mode, Mode::Quiet) {
            return;
        }
        let waited = match &self.place {
            Some(place) => format!(" after {}", elapsed::coarse(place.began.elapsed())),
            None => String::new(),
        };
        output::say(&format!("leased {held}{waited} (lease {id}, fence {fence})"));
    }

    /// Says that the request no longer waits.
    pub(crate) fn left(&self) {
        if !matches!(self.mode, Mode::Quiet) {
            output::say("left the queue");
        }
    }

    fn refresh_if_due(&mut self) {
        if self.due_at().is_some_and(|at| at <= Instant::now()) {
            self.refresh();
        }
    }

    fn show_place(&mut self) {
        let Some(place) = &self.place else { return };
        let text = describe(&place.request, self.requested, place.server_now(), CANDIDATES);
        let waited = elapsed::coarse(place.began.elapsed());
        let away = self.absence.as_ref().map(Absence::so_far);
        match &mut self.mode {
            Mode::Quiet => {}
            Mode::Live { line, next_frame } => {
                line.set_message(match away {
                    Some(away) => format!("{waited} respod has been away for {away}; {text}"),
                    None => format!("{waited} {text}"),
                });
                line.tick();
                *next_frame = Instant::now() + FRAME;
            }
            Mode::Lines { told } => {
                let mut text = text;
                if told.is_some() {
                    text.push_str(&format!("; {waited} so far"));
                }
                if let Some(away) = away {
                    text.push_str(&format!("; respod has been away for {away}"));
                }
                output::say(&text);
                *told = Some(Told { at: Instant::now(), position: place.request.position });
            }
        }
    }

    /// Says that respod has been away for long. Where there is a live line, that shows it all the time.
    fn tell_of_long_absence(&mut self) {
        if let Some(absence) = &mut self.absence {
            let (kept, given_up) = ("the request keeps its place", "the request is given up");
            let text = absence.long(kept, given_up);
            self.say(&text);
        }
    }

    /// Says that respod is back, if it was away.
    fn tell_of_return(&mut self) {
        if let Some(absence) = self.absence.take()
            && !matches!(self.mode, Mode::Live { .. })
        {
            self.say(&absence.over(KEPT));
        }
    }

    fn due_at(&self) -> Option<Instant> {
        let (place, absence) = (self.place_due_at(), self.absence_due_at());
        place.into_iter().chain(absence).min()
    }

    /// When the place is to be shown next.
    fn place_due_at(&self) -> Option<Instant> {
        let place = self.place.as_ref()?;
        match &self.mode {
            Mode::Quiet => None,
            Mode::Live { next_frame, .. } => Some(*next_frame),
            Mode::Lines { told: None } => Some(place.began),
            Mode::Lines { told: Some(told) } if told.position != place.request.position => {
                Some(told.at + BETWEEN_CHANGES)
            }
            Mode::Lines { told: Some(told) } => Some(told.at + LONGEST_SILENCE),
        }
    }

    /// When an absence is to be told of, where no live line shows it.
    fn absence_due_at(&self) -> Option<Instant> {
        match &self.mode {
            Mode::Live { .. } => None,
            _ => self.absence.as_ref()?.due_at(),
        }
    }

    fn say(&self, message: &str) {
        match &self.mode {
            Mode::Live { line, .. } => line.suspend(|| output::say(message)),
            _ => output::say(message),
        }
    }
}
