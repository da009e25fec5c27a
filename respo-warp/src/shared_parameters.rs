//! The parameters that several routes have, as the OpenAPI document describes them. Each route reads its own.

use respo::openapi::{EntityPatterns, PropertyTerm};
use respo::{Label, Name, RequestId, Word};
use utoipa::IntoParams;

/// Which request or lease a path is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it says what is in the path of a call")]
pub(crate) struct LeaseId {
    /// The request or lease.
    #[param(example = 1)]
    id: RequestId,
}

/// Where that is which a path is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what `Parameters` reads")]
pub(crate) struct PoolOfIt {
    /// Where it is, if there are several pools.
    pool: Option<Label>,
}

/// Where to lease.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what `LockQuery` reads")]
pub(crate) struct PoolToLeaseFrom {
    /// The pool to lease from, if there are several.
    pool: Option<Label>,
}

/// Of which pool a list is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what `Parameters` reads")]
pub(crate) struct OnlyPool {
    /// Of this pool only.
    pool: Option<Label>,
}

/// Whose things a list is of.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what `Parameters` reads")]
pub(crate) struct OnlyHolder {
    /// Of this holder only.
    holder: Option<Label>,
}

/// How long a page of a list is.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what `Page` reads")]
pub(crate) struct PageLimit {
    /// At most so many; all of them if it is left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
}

/// What a resource must be like.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what a selector is read from")]
pub(crate) struct Selection {
    /// One of these names.
    resource: Option<Vec<Name>>,
    /// At this location.
    location: Option<Label>,
    /// With all of these attributes.
    attributes: Option<Vec<Word>>,
    #[doc = "Entity patterns, each a list such as `[jtag,{platform=android}]` of attributes and of properties in \
        braces; each is matched by an entity of its own."]
    entities: Option<Vec<EntityPatterns>>,
    /// The same as `entities`.
    entity_properties: Option<Vec<EntityPatterns>>,
    /// `PATH=VALUE`: with all of these properties.
    property: Option<Vec<PropertyTerm>>,
    /// An expression that is true of it, in the Common Expression Language.
    #[param(rename = "where", format = "cel")]
    condition: Option<String>,
}
