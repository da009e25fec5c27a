//! A hint for those who mean something else than they say: the arguments of `lock` used to describe one
//! resource together.

use rpclient::respo::Requirement;

/// What to tell people of these arguments, if they are likely to be meant otherwise than they are taken.
pub(crate) fn of(arguments: &[String]) -> Option<String> {
    match arguments {
        [one] => of_entity(one),
        several => of_one_meant(several),
    }
}

/// `entity=jtag` was one pattern. Now it is a property of that name.
fn of_entity(argument: &str) -> Option<String> {
    let words = argument.strip_prefix("entity=")?;
    let words = words.trim_matches(['[', ']']).replace(',', " ");
    let suggested = format!("{{{words}}}");
    suggested.parse::<Requirement>().ok()?;
    Some(format!(
        "hint: {argument} asks for a property with the name \"entity\"; an entity with these attributes \
         is written '{suggested}'"
    ))
}

/// Several arguments, each of which says one thing, and none the same as another: what one would say of one
/// resource.
fn of_one_meant(arguments: &[String]) -> Option<String> {
    let keys: Option<Vec<&str>> = arguments.iter().map(|argument| key(argument)).collect();
    let mut keys = keys?;
    keys.sort_unstable();
    if keys.len() < 2 || keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return None;
    }
    // An expression takes the rest of a requirement.
    let mut terms: Vec<&str> = arguments.iter().map(String::as_str).collect();
    terms.sort_by_key(|term| key(term) == Some("where"));
    let together = terms.join(" ");
    together.parse::<Requirement>().ok()?;
    Some(format!(
        "hint: each argument is a requirement of its own, so this asks for {} resources; one resource with \
         all of that is written as one argument: '{}'",
        arguments.len(),
        together.replace('\'', "'\\''")
    ))
}

/// The key of an argument that is nothing but `KEY=VALUE`.
fn key(argument: &str) -> Option<&str> {
    let (key, value) = argument.split_once('=')?;
    let is_key = |c: char| c.is_alphanumeric() || "._-:/".contains(c);
    let is_one = !key.is_empty() && key.chars().all(is_key);
    let is_one = is_one && (key == "where" || !value.contains(char::is_whitespace));
    is_one.then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(arguments: &[&str]) -> Option<String> {
        of(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn who_seems_to_describe_one_resource_is_told_how_to_write_it() {
        assert_eq!(
            hint(&["location=office1", "attributes=can"]).unwrap(),
            "hint: each argument is a requirement of its own, so this asks for 2 resources; one resource \
             with all of that is written as one argument: 'location=office1 attributes=can'"
        );
        let hint = hint(&["where=name == 'a'", "location=office1", "entities=[[a],[b]]"]).unwrap();
        assert!(hint.contains("asks for 3 resources"), "{hint}");
        assert!(
            hint.ends_with(r"'location=office1 entities=[[a],[b]] where=name == '\''a'\'''"),
            "{hint}"
        );
    }

    #[test]
    fn an_entity_in_the_old_form_is_told_apart_from_a_property() {
        for argument in ["entity=jtag,swd", "entity=[jtag,swd]"] {
            assert!(hint(&[argument]).unwrap().ends_with("is written '{jtag swd}'"));
        }
    }

    #[test]
    fn who_says_what_is_meant_is_told_nothing() {
        for arguments in [
            &[][..],
            &["bench-1"],
            &["bench-1", "bench-2"],
            &["location=office1", "location=office2"],
            &["location=office1 +can", "attributes=lin"],
            &["location=office1", "+can"],
            &["location=office1", "bench-1"],
            &["location=office1", "keys=a,b"],
            &["attributes=can"],
        ] {
            assert_eq!(hint(arguments), None, "{arguments:?}");
        }
    }
}
