//! Descriptions that come from the documentation of types, for readers who do not program in Rust.

use serde_json::Value;

/// Mends every description of a schema.
pub(super) fn mend(value: &mut Value) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = mended(text);
            }
            map.values_mut().for_each(mend);
        }
        Value::Array(items) => items.iter_mut().for_each(mend),
        _ => {}
    }
}

/// Without links to other types, and without what is said of `Debug` and `None`.
fn mended(text: &str) -> String {
    let text = text.replace("[`", "`").replace("`]", "`").replace("`None`:", "Not there:");
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let paragraph = paragraph.replace('\n', " ");
        let sentences = paragraph.split_inclusive(". ");
        let kept: String = sentences.filter(|sentence| !sentence.contains("`Debug`")).collect();
        kept.trim().to_owned()
    });
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_programmers_of_rust_need_is_left_out() {
        let text = "A lease, see [`Overview`].\nWith a token. `Debug` does not show it.\n\n`None`: nobody.";
        assert_eq!(mended(text), "A lease, see `Overview`. With a token.\n\nNot there: nobody.");
    }
}
