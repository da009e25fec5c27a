//! What the command line asks for.

use std::path::Path;

use rpclient::{Request, Wait};

use crate::arguments::{CommonArguments, RequestArguments};
use crate::failure::Failure;
use crate::{input, selection};

/// The request: what the requirements or the file say, and the flags that were given.
pub(crate) fn of(
    common: &CommonArguments,
    arguments: &RequestArguments,
) -> Result<Request, Failure> {
    let mut request = match &arguments.request {
        Some(file) => read(file)?,
        None => required(arguments)?,
    };
    if let Some(name) = &common.name {
        request.holder = Some(name.clone());
    }
    if let Some(priority) = arguments.priority {
        request.priority = priority;
    }
    if let Some(description) = &arguments.description {
        request.description = Some(description.clone());
    }
    request.tags.extend(arguments.tags.iter().cloned());
    if let Some(wait) = arguments.wait {
        request.wait = wait;
    }
    if arguments.no_wait {
        request.wait = Wait::No;
    }
    if let Some(limit) = arguments.max_duration {
        request.max_duration = Some(limit.0);
    }
    Ok(request)
}

fn required(arguments: &RequestArguments) -> Result<Request, Failure> {
    let requirements = selection::requirements(&arguments.requirements, &arguments.flags)?;
    Request::new(requirements).map_err(|error| {
        let place = error.requirement.map(|number| format!("requirement {number}: "));
        Failure::usage(format!("{}{}", place.unwrap_or_default(), error.problem))
    })
}

fn read(file: &Path) -> Result<Request, Failure> {
    let json = input::read(file)?;
    Request::from_json(&json)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::shown(file))))
}
