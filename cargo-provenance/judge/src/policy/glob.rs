//! Patterns for paths: `*` and `?` within one component, `**` for any number of components.

use std::fmt;

/// A pattern for a path relative to the workspace root, `/`-separated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

/// Components and bytes of one pattern: matching is quadratic at worst, and no file system allows longer paths.
const PATTERN_BYTES: usize = 1024;

impl Glob {
    /// Accepts a relative pattern; `..` may stand at its beginning only.
    pub fn parse(text: &str) -> Option<Self> {
        let components = text.split('/').collect::<Vec<_>>();
        let names = components.iter().skip_while(|component| **component == "..");
        let ok = text.len() <= PATTERN_BYTES
            && !text.chars().any(|c| c.is_control() || matches!(c, '\\' | ':' | '[' | ']' | '{' | '}'))
            && names.clone().count() > 0
            && names.clone().all(|component| !matches!(*component, "" | "." | ".."));
        ok.then(|| Self(text.to_owned()))
    }

    /// Whether the pattern matches a path of the same spelling.
    pub fn matches(&self, path: &str) -> bool {
        // Both climb equally far out of the workspace first: a wildcard never stands for a step out of a directory.
        let (out, pattern) = climb(&self.0);
        let (path_out, path) = climb(path);
        out == path_out
            && !path.contains(&"..")
            && matches(&pattern, &path, |part| *part == "**", |part, name| component(part, name))
    }

    /// The folder that everything lies in that the pattern can match.
    pub fn folder(&self) -> &str {
        match self.0.find(['*', '?']) {
            None => &self.0,
            Some(at) => self.0[..at].rfind('/').map_or(".", |end| &self.0[..end]),
        }
    }

    /// The pattern's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a pattern matches a text: `*` and `?` for what has no `/`, `**` between slashes for anything.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let [pattern, text] = [pattern, text].map(|it| it.split('/').collect::<Vec<_>>());
    matches(&pattern, &text, |part| *part == "**", |part, name| component(part, name))
}

fn climb(path: &str) -> (usize, Vec<&str>) {
    let parts = path.split('/').collect::<Vec<_>>();
    let out = parts.iter().take_while(|part| **part == "..").count();
    (out, parts[out..].to_vec())
}

fn component(pattern: &str, name: &str) -> bool {
    let pattern = pattern.chars().collect::<Vec<_>>();
    let name = name.chars().collect::<Vec<_>>();
    matches(&pattern, &name, |c| *c == '*', |pattern, c| *pattern == '?' || pattern == c)
}

/// Matches a sequence with an "any number of" symbol, going back to the last such symbol only: linear space, at most
/// the product of both lengths in steps.
fn matches<T>(pattern: &[T], items: &[T], is_any: impl Fn(&T) -> bool, one: impl Fn(&T, &T) -> bool) -> bool {
    let (mut p, mut i) = (0, 0);
    let mut retry = None;
    while i < items.len() {
        if p < pattern.len() && is_any(&pattern[p]) {
            retry = Some((p + 1, i));
            p += 1;
        } else if p < pattern.len() && one(&pattern[p], &items[i]) {
            p += 1;
            i += 1;
        } else if let Some((after, from)) = retry {
            retry = Some((after, from + 1));
            p = after;
            i = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(is_any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stay_within_their_component() {
        for (pattern, path, expected) in [
            ("../libs/*", "../libs/a", true),
            ("../libs/*", "../libs/a/b", false),
            ("../libs/*", "../libs", false),
            ("../libs/**", "../libs/a/b", true),
            ("../libs/a*z", "../libs/abcz", true),
            ("../libs/a*z", "../libs/abc", false),
            ("../libs/?", "../libs/é", true),
            ("../*/x", "../../x", false),
            ("../**", "../../x", false),
            ("**/x", "a/b/x", true),
            ("vendor/fork", "vendor/fork", true),
            ("vendor/fork", "vendor/forks", false),
        ] {
            let glob = Glob::parse(pattern).expect(pattern);
            assert_eq!(glob.matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_that_mean_something_else_elsewhere_are_refused() {
        for bad in ["", "/a", "a//b", "a/../b", "./a", "..", "C:/a", "a\\b", "{a,b}", "[ab]", "a/"] {
            assert!(Glob::parse(bad).is_none(), "{bad:?}");
        }
    }
}
