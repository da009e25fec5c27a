//! What is held, as sentences name it.

use std::fmt;

use rpclient::{Lease, Name};

/// How many names a sentence has in it at most.
const NAMES: usize = 8;

/// The resources of a lease, as the subject of a sentence.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    names: String,
    are_several: bool,
}

impl Held {
    pub(crate) fn by(lease: &Lease) -> Self {
        Self::of(&lease.all_resources().map(|resource| &resource.name).collect::<Vec<_>>())
    }

    /// These resources.
    pub(crate) fn of(names: &[&Name]) -> Self {
        Self { names: in_words(names), are_several: names.len() > 1 }
    }

    /// `bench-1 is …`, `phone-1 and relay-1 are …`.
    pub(crate) fn is(&self, what: &str) -> String {
        format!("{} {} {what}", self.names, if self.are_several { "are" } else { "is" })
    }

    /// `bench-1 stays …`, `phone-1 and relay-1 stay …`.
    pub(crate) fn stays(&self, what: &str) -> String {
        format!("{} {} {what}", self.names, if self.are_several { "stay" } else { "stays" })
    }

    /// The same without the names.
    pub(crate) fn it_stays(&self, what: &str) -> String {
        format!("{} {what}", if self.are_several { "they stay" } else { "it stays" })
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names)
    }
}

/// `a`, `a and b`, `a, b and c`; of very many names the first ones.
pub(crate) fn in_words(names: &[&Name]) -> String {
    let mut words: Vec<String> = names.iter().take(NAMES).map(ToString::to_string).collect();
    if names.len() > NAMES {
        words.truncate(NAMES - 1);
        words.push(format!("{} more", names.len() - words.len()));
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(names: &[&str]) -> String {
        let names: Vec<Name> = names.iter().map(|name| Name::new(name).unwrap()).collect();
        in_words(&names.iter().collect::<Vec<_>>())
    }

    #[test]
    fn names_are_told_as_people_do_and_not_too_many() {
        assert_eq!(words(&["a"]), "a");
        assert_eq!(words(&["a", "b"]), "a and b");
        assert_eq!(words(&["a", "b", "c"]), "a, b and c");
        let many: Vec<String> = (1..=20).map(|number| format!("n{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(words(&many[..8]), "n1, n2, n3, n4, n5, n6, n7 and n8");
        assert_eq!(words(&many), "n1, n2, n3, n4, n5, n6, n7 and 13 more");
    }

    #[test]
    fn one_resource_is_and_several_are() {
        let one = Held { names: "a".to_owned(), are_several: false };
        assert_eq!(
            (one.is("free"), one.stays("leased")),
            ("a is free".into(), "a stays leased".into())
        );
        let two = Held { names: "a and b".to_owned(), are_several: true };
        assert_eq!(two.is("free"), "a and b are free");
        assert_eq!(two.stays("leased"), "a and b stay leased");
    }
}
