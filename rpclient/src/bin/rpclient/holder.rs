//! Who asks, where nobody said: the user at this machine.

use nix::unistd::{User, gethostname, getuid};
use rpclient::Label;
use rpclient::respo::MAX_NAME_CHARS;

/// `user@host`, or as much of it as the system tells.
pub(crate) fn default() -> Label {
    let user = match User::from_uid(getuid()) {
        Ok(Some(user)) => user.name,
        // In a container, the user often has a number only.
        _ => format!("uid-{}", getuid()),
    };
    let host = gethostname().ok().and_then(|host| host.into_string().ok()).unwrap_or_default();
    label(&format!("{user}@{host}"))
}

/// `text`, made into a label by force.
fn label(text: &str) -> Label {
    let text: String =
        text.chars().filter(|character| !character.is_control()).take(MAX_NAME_CHARS).collect();
    Label::new(text.trim()).unwrap_or_else(|_| unknown())
}

#[expect(clippy::expect_used, reason = "a constant, and a valid label")]
fn unknown() -> Label {
    Label::new("unknown").expect("a word is a label")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_system_says_a_label_comes_of_it() {
        assert_eq!(label("alice@lab").as_str(), "alice@lab");
        assert_eq!(label("al\u{7}ice@").as_str(), "alice@");
        assert_eq!(label(" ").as_str(), "unknown");
        assert_eq!(label(&"x".repeat(500)).as_str().len(), MAX_NAME_CHARS);
        assert!(default().as_str().contains('@'));
    }
}
