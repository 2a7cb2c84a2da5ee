//! Where a manifest says that the code of its package lies. Only what is hashed with the package may be compiled as it.

use toml_edit::{Item, Table, TableLike};

/// The paths of library, programs and build script that lead out of the package's directory, or to what is not hashed
/// there: git's own folder, cargo's mark, and `left_out` at its top.
///
/// Tests, examples and benches of a dependency are never built.
pub fn strays(manifest: &Table, left_out: &[&str]) -> Vec<String> {
    let mut paths = vec![];
    let path = |target: &dyn TableLike| target.get("path").and_then(Item::as_str).map(str::to_owned);
    paths.extend(manifest.get("lib").and_then(Item::as_table_like).and_then(path));
    if let Some(programs) = manifest.get("bin") {
        let tables = programs.as_array_of_tables().into_iter().flatten();
        paths.extend(tables.filter_map(|program| path(program)));
        let inline =
            programs.as_array().into_iter().flatten().filter_map(|program| program.as_inline_table());
        paths.extend(inline.filter_map(|program| path(program)));
    }
    // Cargo reads `[project]` too, and several build scripts on nightly.
    for build in ["package", "project"].iter().filter_map(|key| manifest.get(key)?.get("build")) {
        paths.extend(build.as_str().map(str::to_owned));
        let scripts = build.as_array().into_iter().flatten();
        paths.extend(scripts.filter_map(|script| script.as_str().map(str::to_owned)));
    }
    paths.retain(|path| is_stray(path, left_out));
    paths
}

/// Whether a path that stands in a manifest leads to something that is not hashed with its directory.
pub fn is_stray(path: &str, left_out: &[&str]) -> bool {
    // A drive or another stream of Windows. A backslash separates there, and is in no name that a package may have.
    if path.contains(':') || path.starts_with(['/', '\\']) {
        return true;
    }
    let mut place: Vec<String> = vec![];
    for part in path.split(['/', '\\']) {
        // Where case does not matter, and Windows drops dots and spaces at the end.
        let part = part.to_lowercase();
        match part.trim_end_matches(['.', ' ']) {
            "" if part == ".." => {
                if place.pop().is_none() {
                    return true;
                }
            }
            "" => {}
            ".git" | ".cargo-ok" => return true,
            name => place.push(name.to_owned()),
        }
    }
    place.first().is_some_and(|first| left_out.contains(&first.as_str()))
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    #[test]
    fn a_target_is_found_in_every_spelling() {
        for text in [
            "[lib]\npath = '../x.rs'",
            "lib = { path = '../x.rs' }",
            "lib.path = '../x.rs'",
            "[[bin]]\nname = 'a'\n[[bin]]\nname = 'b'\npath = '../x.rs'",
            "bin = [{ name = 'b', path = '../x.rs' }]",
            "[package]\nbuild = '../x.rs'",
            "[project]\nbuild = '../x.rs'",
            "package = { build = ['build.rs', '../x.rs'] }",
        ] {
            let document = text.parse::<DocumentMut>().expect("valid TOML");
            assert_eq!(strays(&document, &[]), ["../x.rs"], "{text}");
        }
        for text in [
            "[lib]\npath = 'src/x.rs'",
            "[package]\nbuild = true",
            "[[test]]\npath = '../x.rs'",
            "[package]\nreadme = '../R'\nlicense-file = '../L'",
            "lib = 3\nbin = 'x'\npackage = []",
        ] {
            let document = text.parse::<DocumentMut>().expect("valid TOML");
            assert_eq!(strays(&document, &[]), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_path_may_not_lead_to_what_is_not_hashed() {
        for path in [
            "../x.rs",
            "src/../../x.rs",
            "src\\..\\..\\x.rs",
            "/x.rs",
            "\\x.rs",
            "C:\\x.rs",
            "c:x.rs",
            ".git/x.rs",
            "a/.GIT/x.rs",
            "./.git ./x.rs",
            ".cargo-ok",
            "target/x.rs",
            "./Target/x.rs",
            "src/../target/x.rs",
        ] {
            assert!(is_stray(path, &["target"]), "{path}");
        }
        for path in
            ["x.rs", "./src/../x.rs", "src/target/x.rs", ".github/x.rs", "a..b/x.rs", "targets/x.rs", ""]
        {
            assert!(!is_stray(path, &["target"]), "{path}");
        }
        assert!(!is_stray("target/x.rs", &[]));
    }
}
