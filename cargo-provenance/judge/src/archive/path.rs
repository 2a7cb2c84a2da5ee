//! Which paths an archive may hold: below `NAME-VERSION/`, and the same file on every system.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::limits::TREE_DEPTH;

use super::fault::{Fault, Faults, printable};
use super::limits::Limits;

// `check_filename` of cargo's `ops/cargo_package` refuses to package a file with one of these (besides `/` and `\`),
// so that no archive that cargo made has one. On Windows `:` would name a hidden stream of another file.
const FORBIDDEN: [char; 7] = ['<', '>', ':', '"', '|', '?', '*'];

/// Checks one path and returns it relative to the package root.
pub(super) fn relative(
    bytes: &[u8],
    root: &str,
    limits: &Limits,
    remarks: &mut Faults,
) -> Result<String, Fault> {
    let name = |why: &str| Fault::new("archive-name", format!("`{}` {why}", printable(bytes)));
    let place = |why: &str| Fault::new("archive-path", format!("`{}` {why}", printable(bytes)));
    if bytes.len() > limits.path {
        return Err(name("is longer than any system allows"));
    }
    let path = std::str::from_utf8(bytes).map_err(|_| name("is not UTF-8"))?;
    if path.contains(char::is_control) {
        return Err(name("holds a control character"));
    }
    if path.contains('\\') {
        return Err(name("holds a backslash"));
    }
    if path.starts_with('/') {
        return Err(place("is absolute"));
    }
    let components = path.split('/').collect::<Vec<_>>();
    if components.iter().any(|c| matches!(*c, "" | "." | "..")) {
        return Err(place("has an empty, `.` or `..` component"));
    }
    let [first, inner @ ..] = &components[..] else { return Err(place("is empty")) };
    if *first != root || inner.is_empty() {
        return Err(place(&format!("is not below `{root}/`")));
    }
    if inner.len() > TREE_DEPTH {
        return Err(place("is nested too deeply"));
    }
    for component in inner {
        if component.len() > limits.component {
            return Err(name("has a component that is longer than any system allows"));
        }
        if component.contains(FORBIDDEN) {
            return Err(name("holds a character that Windows does not allow"));
        }
        if is_device(component) {
            return Err(name("is a device on Windows"));
        }
        if component.ends_with(' ') {
            return Err(name("has a component that ends in a space"));
        }
        if component.ends_with('.') {
            remarks.push(name("has a component that ends in a dot, which Windows drops"));
        }
    }
    reserved(inner).map_or_else(
        || Ok(inner.join("/")),
        |why| Err(Fault::new("archive-reserved-name", format!("`{}` {why}", printable(bytes)))),
    )
}

/// Checks that no path can take the place of another. Folds with Unicode's lowercase mapping but without
/// normalization, whose tables no dependency brings: where a file system normalizes (APFS, HFS+), the second file would
/// overwrite the first, the directory would not match its pin, and the gate would refuse it there.
pub(super) fn collisions<'a>(paths: impl Iterator<Item = &'a str>, faults: &mut Faults) {
    let mut files = BTreeMap::new();
    let mut exact = BTreeSet::new();
    let mut folders = BTreeMap::new();
    for path in paths {
        let shown = printable(path.as_bytes());
        if !exact.insert(path) {
            faults.push(Fault::new("archive-duplicate", format!("`{shown}` is there twice")));
        } else if let Some(other) = files.insert(fold(path), path) {
            let other = printable(other.as_bytes());
            faults.push(Fault::new(
                "archive-case-collision",
                format!("`{shown}` and `{other}` are the same file where case does not matter"),
            ));
        }
        for (end, _) in path.match_indices('/') {
            folders.entry(fold(&path[..end])).or_insert(&path[..end]);
        }
    }
    for (folded, path) in files {
        if let Some(folder) = folders.get(&folded) {
            let check = if *folder == path { "archive-duplicate" } else { "archive-case-collision" };
            let (path, folder) = (printable(path.as_bytes()), printable(folder.as_bytes()));
            faults.push(Fault::new(check, format!("`{path}` is a file and `{folder}` is a folder")));
        }
    }
}

// Character by character: `str::to_lowercase` lets a final sigma depend on its neighbors.
fn fold(path: &str) -> String {
    path.chars().flat_map(char::to_lowercase).collect()
}

// Cargo skips `.cargo-ok` at any depth when it unpacks and writes its own at the root; `.cargo-checksum.json` at the
// root is what a vendor directory is verified by.
fn reserved(components: &[&str]) -> Option<&'static str> {
    let last = components.last()?;
    if last.eq_ignore_ascii_case(".cargo-ok") {
        return Some("is a file that cargo writes itself");
    }
    (components.len() == 1 && last.eq_ignore_ascii_case(".cargo-checksum.json"))
        .then_some("is a file that `cargo vendor` writes itself")
}

// "Naming Files, Paths, and Namespaces" of the Windows documentation: with any extension, in any case.
fn is_device(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or(component).trim_end_matches(' ').to_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" => true,
        _ => {
            let number = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            number.is_some_and(|n| {
                matches!(n, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &[u8]) -> Result<(String, usize), &'static str> {
        let mut remarks = Faults::new(&Limits::DEFAULT);
        let path = relative(path, "a-1.0.0", &Limits::DEFAULT, &mut remarks).map_err(|fault| fault.check)?;
        Ok((path, remarks.into_vec().len()))
    }

    #[test]
    fn only_plain_paths_below_the_package_are_accepted() {
        assert_eq!(check(b"a-1.0.0/src/lib.rs"), Ok(("src/lib.rs".into(), 0)));
        assert_eq!(check("a-1.0.0/tests/данные.txt".as_bytes()), Ok(("tests/данные.txt".into(), 0)));
        assert_eq!(check(b"a-1.0.0/x./y"), Ok(("x./y".into(), 1)));
        assert_eq!(check(b"a-1.0.0/sub/.cargo-checksum.json"), Ok(("sub/.cargo-checksum.json".into(), 0)));
        assert_eq!(check(b"a-1.0.0/com10"), Ok(("com10".into(), 0)));
        let cases: &[(&[u8], &str)] = &[
            (b"", "archive-path"),
            (b"a-1.0.0", "archive-path"),
            (b"a-1.0.0/", "archive-path"),
            (b"/a-1.0.0/x", "archive-path"),
            (b"a-1.0.0/../x", "archive-path"),
            (b"a-1.0.0/./x", "archive-path"),
            (b"a-1.0.0//x", "archive-path"),
            (b"b-1.0.0/x", "archive-path"),
            (b"a-1.0.00/x", "archive-path"),
            (b"a-1.0.0/x/", "archive-path"),
            (b"a-1.0.0/a\\b", "archive-name"),
            (b"a-1.0.0/a\nb", "archive-name"),
            (b"a-1.0.0/a\x7f", "archive-name"),
            ("a-1.0.0/a\u{85}".as_bytes(), "archive-name"),
            (b"a-1.0.0/\xff", "archive-name"),
            (b"a-1.0.0/src/lib.rs:x", "archive-name"),
            (b"a-1.0.0/NUL", "archive-name"),
            (b"a-1.0.0/src/aux.rs", "archive-name"),
            (b"a-1.0.0/con /x", "archive-name"),
            ("a-1.0.0/com¹.txt".as_bytes(), "archive-name"),
            (b"a-1.0.0/x ", "archive-name"),
            (b"a-1.0.0/.cargo-ok", "archive-reserved-name"),
            (b"a-1.0.0/.CARGO-OK", "archive-reserved-name"),
            (b"a-1.0.0/sub/.cargo-ok", "archive-reserved-name"),
            (b"a-1.0.0/.cargo-checksum.json", "archive-reserved-name"),
        ];
        for (path, fault) in cases {
            assert_eq!(check(path), Err(*fault), "{}", printable(path));
        }
        assert_eq!(check(&[b"a-1.0.0/", &[b'x'; 256][..]].concat()), Err("archive-name"));
        assert_eq!(check(&[b"a-1.0.0", &b"/x".repeat(3_000)[..]].concat()), Err("archive-name"));
        assert_eq!(check(&[b"a-1.0.0", &b"/x".repeat(200)[..]].concat()), Err("archive-path"));
    }

    #[test]
    fn no_path_can_take_the_place_of_another() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["a", "b", "c/a", "c/b"], &[]),
            (&["a", "a"], &["archive-duplicate"]),
            (&["a", "A"], &["archive-case-collision"]),
            (&["ПРИВЕТ", "привет"], &["archive-case-collision"]),
            (&["Σ", "ς", "σ"], &["archive-case-collision"]),
            (&["a/b", "a"], &["archive-duplicate"]),
            (&["src", "SRC/lib.rs"], &["archive-case-collision"]),
            (&["Src/a", "src/b"], &[]),
        ];
        for (paths, expected) in cases {
            let mut faults = Faults::new(&Limits::DEFAULT);
            collisions(paths.iter().copied(), &mut faults);
            let found = faults.into_vec().iter().map(|fault| fault.check).collect::<Vec<_>>();
            assert_eq!(&found, expected, "{paths:?}");
        }
    }
}
