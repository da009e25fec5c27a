//! The routing table: which path and method is answered by which handler.
//!
//! There is one list of handlers. The paths and methods that they serve are those of their descriptions
//! (`#[utoipa::path]`, beside each handler), which also make the OpenAPI document: what is not described
//! is not served, and what is described is.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use respo::openapi::{EntityPatterns, PropertyTerm, RequirementText, Tag};
use respo::wire;
use utoipa::OpenApi;
use utoipa::openapi::{Deprecated, PathItem};
use warp::http::Method;
use warp::reply::Response;

use crate::api::Api;
use crate::call::Call;
use crate::problem::Problem;
use crate::{docs, health, inventory_route, lock, openapi, overview, rentabot, v1, websocket};

type Answer =
    Arc<dyn Fn(Arc<Api>, Call) -> BoxFuture<'static, Result<Response, Problem>> + Send + Sync>;

/// Makes the OpenAPI document, with what only parameters and problems refer to, and the list of handlers of the same names. The last part of a name is the
/// `operationId`, so it must be the only one of its kind.
macro_rules! handlers {
    ($($($part:ident)::+),+ $(,)?) => {
        #[derive(OpenApi)]
        #[openapi(paths($($($part)::+),+), components(schemas(
            wire::Problem, EntityPatterns, PropertyTerm, RequirementText, Tag
        )))]
        struct Described;

        fn handlers() -> Vec<(&'static str, Answer)> {
            vec![$((stringify!($($part)::+), answer($($part)::+))),+]
        }
    };
}

// In the order in which people should read of them.
handlers![
    lock::lock,
    websocket::open_websocket,
    v1::create::create_lease,
    v1::leases::list_leases,
    v1::leases::show_lease,
    v1::terms::renew_lease,
    v1::terms::extend_lease,
    v1::release::release_lease,
    v1::leases::verify_lease,
    v1::terms::transfer_lease,
    v1::terms::allow_guest,
    v1::terms::disallow_guest,
    v1::requests::list_requests,
    v1::requests::show_request,
    v1::terms::renew_request,
    v1::release::cancel_request,
    overview::show_overview,
    v1::resources::list_resources,
    v1::resources::show_resource,
    v1::stacks::list_stacks,
    v1::events::stream_events,
    inventory_route::show_inventory,
    inventory_route::replace_inventory,
    inventory_route::list_inventory_revisions,
    health::check_health,
    openapi::show_openapi_document,
    docs::show_docs,
    rentabot::calls::rentabot_list_resources,
    rentabot::calls::rentabot_show_resource,
    rentabot::calls::rentabot_lock_some,
    rentabot::calls::rentabot_lock_one,
    rentabot::calls::rentabot_unlock,
    rentabot::calls::rentabot_extend,
    rentabot::calls::rentabot_reserve,
    rentabot::calls::rentabot_list_reservations,
    rentabot::calls::rentabot_show_reservation,
    rentabot::calls::rentabot_claim,
    rentabot::calls::rentabot_cancel,
    rentabot::calls::rentabot_health,
    rentabot::calls::rentabot_readiness,
];

/// What the descriptions add up to.
pub(crate) fn described() -> utoipa::openapi::OpenApi {
    let mut document = Described::openapi();
    let items = document.paths.paths.iter();
    let former: Vec<(String, PathItem)> =
        items.filter_map(|(path, item)| Some((rentabot::former(path)?, former(item)))).collect();
    document.paths.paths.extend(former);
    document
}

/// What the names of the operations begin with that older clients of rent-a-bot call.
const FORMER: &str = "former_";

/// The same operations, for older clients.
fn former(item: &PathItem) -> PathItem {
    let mut item = item.clone();
    for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
        operation.operation_id = operation.operation_id.take().map(|id| format!("{FORMER}{id}"));
        operation.deprecated = Some(Deprecated::True);
    }
    item
}

/// The names of the operations, in the order in which people should read of them.
pub(crate) fn operations() -> Vec<&'static str> {
    handlers().into_iter().map(|(name, _)| operation_id(name)).collect()
}

fn operation_id(name: &'static str) -> &'static str {
    name.rsplit(':').next().unwrap_or(name).trim()
}

fn answer<F>(handler: impl Fn(Arc<Api>, Call) -> F + Send + Sync + 'static) -> Answer
where
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
{
    Arc::new(move |api, call| Box::pin(handler(api, call)))
}

/// Every path that is served.
pub(crate) struct Routes(Vec<Route>);

/// A path, and who answers each of its methods.
pub(crate) struct Route {
    segments: Vec<Segment>,
    answers: Vec<(Method, Answer)>,
}

/// What stands between two slashes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// This, and nothing else.
    Literal(String),
    /// A whole number: `{id}`.
    Number(String),
    /// Anything up to the next slash: `{who}`.
    Text(String),
    /// Anything, slashes included, to the end: `{name}`, for the name of a resource may have some.
    Rest(String),
}

/// The parts of a path that its template leaves open, decoded, by name.
pub(crate) type Arguments = BTreeMap<String, String>;

impl Routes {
    /// The paths of the descriptions, with the handlers beside which they stand.
    pub(crate) fn new() -> Self {
        let handlers: BTreeMap<_, _> =
            handlers().into_iter().map(|(name, answer)| (operation_id(name), answer)).collect();
        let mut routes = Vec::new();
        for (path, item) in described().paths.paths {
            let operations = [
                (Method::GET, item.get),
                (Method::POST, item.post),
                (Method::PUT, item.put),
                (Method::PATCH, item.patch),
                (Method::DELETE, item.delete),
            ];
            let mut answers = Vec::new();
            for (method, operation) in operations {
                let id = operation.and_then(|operation| operation.operation_id);
                let id = id.as_deref().map(|id| id.strip_prefix(FORMER).unwrap_or(id));
                let Some(answer) = id.and_then(|id| handlers.get(id).cloned()) else {
                    continue;
                };
                if method == Method::GET {
                    answers.push((Method::HEAD, Arc::clone(&answer)));
                }
                answers.push((method, answer));
            }
            routes.push(Route { segments: segments(&path).map(Segment::parse).collect(), answers });
        }
        // Where two templates fit, the one that leaves less open is meant.
        routes.sort_by_key(|route| route.segments.iter().filter(|one| one.is_open()).count());
        Self(routes)
    }

    /// The route that a path belongs to, and what it says where the route's template leaves it open.
    pub(crate) fn find(&self, path: &str) -> Option<(&Route, Arguments)> {
        let path = rentabot::meant(path);
        self.0.iter().find_map(|route| Some((route, route.arguments(path)?)))
    }
}

impl Route {
    /// The methods that the path has.
    pub(crate) fn methods(&self) -> Vec<Method> {
        self.answers.iter().map(|(method, _)| method.clone()).collect()
    }

    /// Who answers this method.
    pub(crate) fn answer(&self, method: &Method) -> Option<Answer> {
        let mut answers = self.answers.iter();
        answers.find(|(one, _)| one == method).map(|(_, answer)| Arc::clone(answer))
    }

    fn arguments(&self, path: &str) -> Option<Arguments> {
        let given: Vec<&str> = segments(path).collect();
        let mut arguments = Arguments::new();
        for (index, segment) in self.segments.iter().enumerate() {
            if let Segment::Rest(name) = segment {
                let rest = given.get(index..)?.join("/");
                arguments.insert(name.clone(), decoded(&rest)?);
                return Some(arguments);
            }
            segment.take(given.get(index)?, &mut arguments)?;
        }
        (given.len() == self.segments.len()).then_some(arguments)
    }
}

/// What stands between the slashes of a path.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').filter(|_| !path.is_empty())
}

impl Segment {
    fn parse(template: &str) -> Self {
        match template.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some("id") => Self::Number("id".to_owned()),
            Some("name") => Self::Rest("name".to_owned()),
            Some(name) => Self::Text(name.to_owned()),
            None => Self::Literal(template.to_owned()),
        }
    }

    fn is_open(&self) -> bool {
        !matches!(self, Self::Literal(_))
    }

    /// Takes what a path says here, if it may be that.
    fn take(&self, given: &str, arguments: &mut Arguments) -> Option<()> {
        let (name, value) = match self {
            Self::Literal(expected) => return (expected == given).then_some(()),
            Self::Number(name) => {
                let is_number = given.bytes().all(|byte| byte.is_ascii_digit());
                (name, given.parse::<u64>().ok().filter(|_| is_number)?.to_string())
            }
            Self::Text(name) | Self::Rest(name) => (name, decoded(given)?),
        };
        arguments.insert(name.clone(), value);
        Some(())
    }
}

/// A text as it was meant, if there is one.
fn decoded(given: &str) -> Option<String> {
    let text = percent_decode_str(given).decode_utf8().ok()?;
    Some(text.into_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn segment(template: &str, given: &str) -> Option<Arguments> {
        let mut arguments = Arguments::new();
        Segment::parse(template).take(given, &mut arguments).map(|()| arguments)
    }

    #[test]
    fn every_handler_has_a_path_and_every_described_operation_a_handler() {
        let listed = handlers().len();
        let names: BTreeSet<&str> = operations().into_iter().collect();
        assert_eq!(names.len(), listed, "two handlers have the same name");
        let routes = Routes::new();
        let served: usize = routes.0.iter().flat_map(|route| &route.answers).count();
        let heads = routes.0.iter().filter(|route| route.answer(&Method::HEAD).is_some()).count();
        let templates = described().paths.paths;
        let former = templates.keys().filter_map(|path| templates.get(&rentabot::former(path)?));
        let former =
            former.flat_map(|item| [&item.get, &item.post, &item.delete]).flatten().count();
        assert!(former > 10, "older clients of rent-a-bot have {former} calls");
        assert_eq!(served - heads - former, listed, "a handler has no path of its own");
    }

    #[test]
    fn a_path_is_found_by_its_template_and_what_is_open_in_it_is_decoded() {
        assert_eq!(segment("{id}", "007").unwrap()["id"], "7");
        assert_eq!(segment("{who}", "office1%2Fbench%201").unwrap()["who"], "office1/bench 1");
        for (template, given) in [
            ("{id}", ""),
            ("{id}", "+1"),
            ("{id}", "1a"),
            ("{who}", ""),
            ("{who}", "%FF"),
            ("a", "b"),
        ] {
            assert_eq!(segment(template, given), None, "{template} {given}");
        }
    }

    #[test]
    fn every_slash_counts_and_the_name_of_a_resource_may_have_some() {
        let routes = Routes::new();
        for path in ["/", "/lock", "/v1/leases/1"] {
            assert!(routes.find(path).is_some(), "{path}");
        }
        let (_, arguments) = routes.find("/v1/resources/office1/bench-1").unwrap();
        assert_eq!(arguments["name"], "office1/bench-1");
        for path in ["//", "/lock/", "//lock", "/v1/resources/", "/v1//leases/1", "/v1/leases/1/2"]
        {
            assert!(routes.find(path).is_none(), "{path}");
        }
    }
}
