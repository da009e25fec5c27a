//! Problem documents.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{Schemas, list, reference};
use crate::names::Label;
use crate::refusal::UnmatchedPart;
use crate::wire::{Candidate, Problem};

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn schemas(schemas: &mut Schemas) {
        list::<Candidate>(schemas);
        list::<UnmatchedPart>(schemas);
        list::<Label>(schemas);
        #[cfg(feature = "yaml")]
        list::<crate::yaml::InventoryProblem>(schemas);
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = |description: &str| {
            ObjectBuilder::new().schema_type(Type::String).description(Some(description))
        };
        let many = |items: RefOr<Schema>, description: &str| {
            ArrayBuilder::new().items(items).description(Some(description))
        };
        let status = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(400))
            .maximum(Some(599))
            .description(Some("The HTTP status."));
        let problem = ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some(
                "An error: an RFC 9457 problem document. Later versions may say more.",
            ))
            .property("type", text("`urn:respo:problem:` and the code."))
            .property("title", text("The kind in a few words."))
            .property("status", status)
            .property("code", text("The stable name of the kind, for programs."))
            .property("detail", text("What is wrong with this request, and how to mend it."))
            .property("parameter", text("Of `malformed`: the parameter that cannot be taken."))
            .property("path", text("Of `malformed`: where in the body the mistake is."))
            .property(
                "pools",
                many(
                    reference::<Label>(),
                    "Of `pool_required` and `no_such_pool`: the pools that there are.",
                ),
            )
            .property(
                "candidates",
                many(reference::<Candidate>(), "Of `busy`: who has what is missing."),
            )
            .property("limit", text("Of `busy`: the allowance that is used up."))
            .property(
                "parts",
                many(reference::<UnmatchedPart>(), "Of `no_such`: the parts that match nothing."),
            );
        #[cfg(feature = "yaml")]
        let problem = problem.property(
            "problems",
            many(
                reference::<crate::yaml::InventoryProblem>(),
                "Of `invalid_inventory`: every mistake, up to 1000.",
            ),
        );
        ["type", "title", "status", "code", "detail"]
            .into_iter()
            .fold(problem, ObjectBuilder::required)
            .into()
    }
}
