//! A grant has exactly what was asked for: for each requirement as many resources as it asks for, all of
//! which serve it, and those of one label from one stack. A lease gives back some of what it has, and ends with
//! the last of it.

use std::collections::{BTreeMap, BTreeSet};

use respo::{Label, Name, Record, Request, RequestId, State};

use super::assignment::suits;
use super::{Checker, Event, Property, held_names, holder};

pub(super) struct NoPartialGrant;

impl Checker for NoPartialGrant {
    fn property(&self) -> Property {
        Property::NoPartialGrant
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        let Event::Recorded { record, before, .. } = event else { return Ok(()) };
        let (id, resources) = match record {
            Record::Granted { id, resources, .. } => (id, resources),
            Record::PartlyReleased { id, resources, .. } => {
                return check_part(before, *id, resources);
            }
            _ => return Ok(()),
        };
        let Some(asked) = before.requests.get(id) else {
            return Err(format!("{id} is granted, but there is no such request"));
        };
        if asked.grant.is_some() {
            return Err(format!("{id} is granted a second time"));
        }
        check_requirements(before, *id, &asked.request, resources)?;
        check_labels(before, *id, &asked.request, resources)
    }
}

fn check_part(before: &State, id: RequestId, released: &[Name]) -> Result<(), String> {
    if let Some(name) = released.iter().find(|name| holder(before, name) != Some(id)) {
        return Err(format!("{id} gives back {name}, which it does not hold"));
    }
    let grant = before.requests.get(&id).and_then(|asked| asked.grant.as_ref());
    let held = grant.map_or(0, |grant| held_names(grant).count());
    let released: BTreeSet<&Name> = released.iter().collect();
    if released.is_empty() || released.len() == held {
        return Err(format!("{id} gives back {} of {held}, which is not a part", released.len()));
    }
    Ok(())
}

fn check_requirements(
    before: &State,
    id: RequestId,
    request: &Request,
    resources: &[Vec<Name>],
) -> Result<(), String> {
    let requirements = request.requirements();
    if requirements.len() != resources.len() {
        let (asked, got) = (requirements.len(), resources.len());
        return Err(format!("{id} has {asked} requirements, its grant {got}"));
    }
    for (number, (requirement, names)) in (1..).zip(requirements.iter().zip(resources)) {
        if usize::from(requirement.count) != names.len() {
            let (count, got) = (requirement.count, names.len());
            return Err(format!("requirement {number} of {id} asks for {count} and gets {got}"));
        }
        let unsuitable = names.iter().find(|name| !suits(requirement, name, &before.inventory));
        if let Some(name) = unsuitable {
            return Err(format!("{name} does not serve requirement {number} of {id}"));
        }
    }
    Ok(())
}

fn check_labels(
    before: &State,
    id: RequestId,
    request: &Request,
    resources: &[Vec<Name>],
) -> Result<(), String> {
    let mut labels: BTreeMap<&Label, Vec<&Name>> = BTreeMap::new();
    for (requirement, names) in request.requirements().iter().zip(resources) {
        if let Some(label) = &requirement.stack {
            labels.entry(label).or_default().extend(names);
        }
    }
    for (label, names) in labels {
        let stacks = before.inventory.stacks();
        if !stacks.iter().any(|stack| names.iter().all(|name| stack.0.contains(*name))) {
            return Err(format!(
                "what {id} gets under the label {label} is of no one stack: {names:?}"
            ));
        }
    }
    Ok(())
}
