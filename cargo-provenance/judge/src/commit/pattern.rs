//! Patterns of `allowed_signers` (ssh_config(5), "PATTERNS"): lists with `*`, `?` and `!`.

/// Whether a list of patterns, separated by commas, stands for a text. One that is negated and fits decides against it.
pub fn matches(list: &str, text: &str) -> bool {
    let mut fits = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(negated) if is_match(negated.as_bytes(), text.as_bytes()) => return false,
            Some(_) => {}
            None => fits |= !pattern.is_empty() && is_match(pattern.as_bytes(), text.as_bytes()),
        }
    }
    fits
}

/// Goes back to the last star only, so that no pattern takes more than the product of both lengths.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => (at, from) = (at + 1, from + 1),
            Some(byte) if *byte == text[from] => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((star_at, star_from)) = star else { return false };
                star = Some((star_at, star_from + 1));
                (at, from) = (star_at + 1, star_from + 1);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_mean_what_openssh_says() {
        for (list, text, expected) in [
            ("alice@example.org", "alice@example.org", true),
            ("alice@example.org", "Alice@example.org", false),
            ("*@example.org", "alice@example.org", true),
            ("*@example.org", "alice@example.org.evil", false),
            ("a?ice@*", "alice@x", true),
            ("bob@x,alice@x", "alice@x", true),
            ("*,!mallory@x", "mallory@x", false),
            ("!mallory@x", "alice@x", false),
            ("!mallory@x,*", "alice@x", true),
            ("", "", false),
            ("*", "", true),
            ("a*b*c", "axxbxxbc", true),
            ("git", "git", true),
            ("file,git", "git", true),
        ] {
            assert_eq!(matches(list, text), expected, "{list} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_long_pattern_ends_soon(stars in 1_usize..2_000, text in "a{0,2000}") {
            let pattern = format!("{}b", "a*".repeat(stars));
            prop_assert!(!matches(&pattern, &text));
        }
    }
}
