//! What must be true whatever happens, looked for in what is told on random histories.

use std::collections::BTreeMap;

use respo::{Fence, Limits, Name, RequestId, Wanted};
use tests::random_histories::{Kinds, Step, history};
use tests::specification::matching::suits;
use tests::specification::{Happened, Specification};

/// Who holds what, as those know who are told.
#[derive(Default)]
struct Told {
    held: BTreeMap<Name, RequestId>,
    /// Of every request there has been.
    parties: BTreeMap<RequestId, RequestId>,
    newest: Fence,
}

impl Told {
    fn hear(&mut self, happened: &Happened, specification: &Specification) {
        match happened {
            Happened::Granted { id, fence, resources, .. } => {
                assert!(*fence > self.newest, "fences rise");
                self.newest = *fence;
                is_what_was_asked_for(*id, resources, specification);
                for name in resources.iter().flatten() {
                    let other = self.held.insert(name.clone(), *id);
                    assert_eq!(other, None, "{name} is granted to {id} while it is held");
                }
                self.splits_no_stack(resources, specification);
            }
            Happened::Ended { id, .. } => self.held.retain(|_, holder| holder != id),
            Happened::PartlyReleased { id, resources } => {
                for name in resources {
                    assert_eq!(self.held.remove(name), Some(*id), "{id} gives back {name}");
                }
            }
            _ => {}
        }
    }

    fn splits_no_stack(&self, granted: &[Vec<Name>], specification: &Specification) {
        for stack in specification.inventory().stacks() {
            if granted.iter().flatten().any(|name| stack.0.contains(name)) {
                let holders = stack.0.iter().filter_map(|name| self.held.get(name));
                let mut parties: Vec<_> = holders.filter_map(|id| self.parties.get(id)).collect();
                parties.dedup();
                assert!(parties.len() <= 1, "{stack:?} is split by {granted:?}");
            }
        }
    }
}

/// A grant is whole, and each resource serves the requirement that it was granted for.
fn is_what_was_asked_for(id: RequestId, resources: &[Vec<Name>], specification: &Specification) {
    let Some(request) = specification.request(id) else {
        // So much time has passed that it has ended already.
        return;
    };
    assert_eq!(request.requirements().len(), resources.len());
    let mut stacks = BTreeMap::new();
    for (requirement, names) in request.requirements().iter().zip(resources) {
        assert_eq!(usize::from(requirement.count), names.len(), "{id} is granted whole");
        for name in names {
            let found = specification.inventory().find(name.as_str());
            let serves = match &requirement.wanted {
                Wanted::Matching(selector) => found.is_some_and(|one| suits(selector, one)),
                Wanted::Keys(keys) => {
                    let exists = found.is_some() || specification.inventory().rules().ephemeral;
                    exists && keys.contains(name)
                }
            };
            assert!(serves, "{name} serves {requirement:?}");
        }
        let label = requirement.stack.as_ref();
        stacks.entry(label).or_insert_with(Vec::new).extend(names);
    }
    for (label, names) in stacks.iter().filter(|(label, _)| label.is_some()) {
        let mut stacks = specification.inventory().stacks().iter();
        let one = stacks.any(|stack| names.iter().all(|name| stack.0.contains(*name)));
        assert!(one, "{label:?} has one stack for {names:?}");
    }
}

#[test]
fn grants_are_whole_exclusive_and_split_no_stack() {
    for seed in 0..300 {
        let mut specification = Specification::new(Limits::default());
        let mut told = Told::default();
        // What is due is told before another inventory comes, or it could not be judged by its own.
        let steps = history(seed, 60, Kinds::ALL).into_iter();
        for step in steps.flat_map(|step| [Step::Advance(0), step]) {
            let happened = specification.step(&step);
            told.parties.extend(specification.parties());
            happened.iter().for_each(|one| told.hear(one, &specification));
            assert_eq!(told.held, specification.held(), "seed {seed}, after {step:?}");
        }
    }
}
