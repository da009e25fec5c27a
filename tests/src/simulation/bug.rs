//! Faults that can be planted, to show that the checkers find them.

use super::checkers::Property;
use super::kinds::Kinds;

/// A fault of the engine, of the server around it, or of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// The engine grants what is held.
    GrantsHeld,
    /// The engine forgets a lease when it is restored.
    ForgetsLease,
    /// The engine does not look at stacks.
    OverlooksStacks,
    /// The engine grants less than was asked for.
    GrantsPart,
    /// The engine grants what does not match.
    GrantsUnsuitable,
    /// The engine does not look at priorities.
    OverlooksPriority,
    /// The engine does not look at the limits of holders and groups.
    OverlooksLimits,
    /// The engine holds nothing back for large requests.
    HoldsNothingBack,
    /// The engine lets somebody wait who could be served.
    ForgetsWaiter,
    /// The engine does not tell that something has ended that was not renewed.
    OverlooksExpiry,
    /// The engine forgets, when it is restored, until when something was said to live.
    ForgetsPromises,
    /// The engine forgets, when it is restored, which keys have made requests.
    ForgetsKeys,
    /// A lease gives back what it does not hold.
    GivesBackOthers,
    /// A lease that is passed on stays with its former holder's party.
    KeepsParty,
    /// The engine gives two grants the same fence.
    RepeatsFence,
    /// The server tells before the commit.
    TellsEarly,
    /// The store says that a batch is durable before it is.
    AcknowledgesUnsynced,
    /// The store keeps half a batch when it crashes.
    KeepsHalfBatch,
    /// The store forgets the last batch when it crashes.
    LosesBatch,
    /// The server does not wake for deadlines.
    SleepsThroughDeadlines,
    /// The server does not notice that clients go.
    OverlooksDepartures,
}

impl Bug {
    /// All of them, each with the property that it violates.
    pub const ALL: [(Self, Property); 21] = [
        (Self::GrantsHeld, Property::Exclusion),
        (Self::ForgetsLease, Property::Exclusion),
        (Self::OverlooksStacks, Property::NoStackSplit),
        (Self::GrantsPart, Property::NoPartialGrant),
        (Self::GrantsUnsuitable, Property::NoPartialGrant),
        (Self::OverlooksPriority, Property::Order),
        (Self::OverlooksLimits, Property::Order),
        (Self::HoldsNothingBack, Property::Order),
        (Self::ForgetsWaiter, Property::NoneWaitsInVain),
        (Self::OverlooksExpiry, Property::Drains),
        (Self::ForgetsPromises, Property::KeepsPromises),
        (Self::ForgetsKeys, Property::MadeOnce),
        (Self::GivesBackOthers, Property::NoPartialGrant),
        (Self::KeepsParty, Property::NoStackSplit),
        (Self::RepeatsFence, Property::FencesRise),
        (Self::TellsEarly, Property::DurableBeforeTold),
        (Self::AcknowledgesUnsynced, Property::DurableBeforeTold),
        (Self::KeepsHalfBatch, Property::RecoveredIsLive),
        (Self::LosesBatch, Property::RecoveredIsLive),
        (Self::SleepsThroughDeadlines, Property::Drains),
        (Self::OverlooksDepartures, Property::Drains),
    ];

    /// Whether it is the store's.
    #[must_use]
    pub fn is_in_the_store(self) -> bool {
        matches!(self, Self::AcknowledgesUnsynced | Self::KeepsHalfBatch | Self::LosesBatch)
    }

    /// The kinds of histories in which it shows, where the engine can do that much.
    #[must_use]
    pub fn kinds(self) -> Option<Kinds> {
        match self {
            // An engine that knows nothing of stacks overlooks them, too.
            Self::OverlooksStacks => Some(Kinds { stacks: true, ..Kinds::CURRENT }),
            Self::OverlooksLimits | Self::HoldsNothingBack => {
                Kinds::CURRENT.rules.then_some(Kinds::CURRENT)
            }
            _ => Some(Kinds::CURRENT),
        }
    }
}
