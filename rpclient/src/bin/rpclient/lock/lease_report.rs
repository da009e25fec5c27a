//! Tells people how a lease stands that is still held.

use rpclient::{Lease, LeaseState};
use tokio::time::sleep_until;

use super::absence::Absence;
use super::held::Held;
use crate::{elapsed, output};

/// What there is to say about a lease while it is held.
pub(super) struct LeaseReport {
    held: Held,
    absence: Option<Absence>,
}

impl LeaseReport {
    pub(super) fn of(lease: &Lease) -> Self {
        Self { held: Held::by(lease), absence: None }
    }

    /// Takes in how the lease stands, and says what people should know of it. The loss of the lease is not
    /// for this.
    pub(super) fn take_in(&mut self, state: &LeaseState) {
        let held = &self.held;
        match state {
            LeaseState::Held => {
                let kept = held.is("still held");
                output::say(&match self.absence.take() {
                    Some(absence) => absence.over(&kept),
                    // It was too short to be seen.
                    None => format!("the connection to respod was made again; {kept}"),
                });
            }
            LeaseState::Draining { deadline } => output::say(&format!(
                "warning: respod is about to stop; the lease of {held} ends in {}",
                elapsed::rounded(*deadline)
            )),
            LeaseState::Away { cause, until } => {
                Absence::take_in(&mut self.absence, cause, *until);
            }
            _ => {}
        }
    }

    /// Waits until an absence has become long.
    pub(super) async fn due(&self) {
        match self.absence.as_ref().and_then(Absence::due_at) {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Says that respod has been away for long.
    pub(super) fn tell_of_long_absence(&mut self) {
        let held = &self.held;
        if let Some(absence) = &mut self.absence {
            let (kept, given_up) = (held.stays("leased"), held.is("given up"));
            output::say(&absence.long(&kept, &given_up));
        }
    }
}
