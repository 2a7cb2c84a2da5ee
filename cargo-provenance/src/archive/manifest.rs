//! What the packaged `Cargo.toml` says: identity, license, code that runs at build time.
//!
//! It is read with `toml_edit`, which shares its parser with cargo: what cargo understands is what is judged.

use provenance_build::PackageId;
use provenance_build::manifest::BuildTime;
use toml_edit::{Document, TableLike};

use super::fault::{Fault, printable};
use super::limits::Limits;

/// What a manifest says about its license, verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct License {
    /// `package.license`.
    pub expression: Option<String>,
    /// `package.license-file`.
    pub file: Option<String>,
}

/// What was read from the manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) build_time: Vec<BuildTime>,
    pub(super) license: License,
}

/// Reads the manifest, which must be that of `id`. `has_build_script` says whether a `build.rs` lies beside it.
pub(super) fn read(
    bytes: &[u8],
    id: &PackageId,
    has_build_script: bool,
    limits: &Limits,
) -> Result<Facts, Fault> {
    let fault = |what: String| Fault::new("manifest-identity", what);
    if bytes.len() > limits.manifest {
        return Err(fault(format!("its `Cargo.toml` is larger than {} MiB", limits.manifest / 1024 / 1024)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| fault("its `Cargo.toml` is not UTF-8".into()))?;
    let document = Document::parse(text).map_err(|error| {
        fault(format!("its `Cargo.toml` cannot be read: {}", printable(error.message().as_bytes())))
    })?;
    // `[project]` is the name that cargo gave to the table before 1.0, and still reads.
    let package = ["package", "project"].iter().find_map(|key| document.get(key)?.as_table_like());
    let package = package.ok_or_else(|| fault("its `Cargo.toml` has no `[package]`".into()))?;
    for (key, expected) in [("name", id.name.as_str()), ("version", id.version.as_str())] {
        match string(package, key) {
            Some(found) if found == expected => {}
            Some(found) => {
                let found = printable(found.as_bytes());
                return Err(fault(format!(
                    "its `Cargo.toml` has the {key} `{found}`, and it is locked as `{expected}`"
                )));
            }
            None => return Err(fault(format!("its `Cargo.toml` has no {key}"))),
        }
    }
    let library = document.get("lib").and_then(|item| item.as_table_like());
    let mut build_time = vec![];
    if runs_build_script(package, has_build_script) {
        build_time.push(BuildTime::BuildScript);
    }
    if library.is_some_and(is_proc_macro) {
        build_time.push(BuildTime::ProcMacro);
    }
    let license = License {
        expression: string(package, "license").map(str::to_owned),
        file: string(package, "license-file").or_else(|| string(package, "license_file")).map(str::to_owned),
    };
    Ok(Facts { build_time, license })
}

fn string<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

// Cargo's `normalize_build`: `false` switches the script off, an absent key means `build.rs` if there is one. A list of
// scripts and `metabuild` exist in nightly cargo only.
fn runs_build_script(package: &dyn TableLike, has_build_script: bool) -> bool {
    match package.get("build") {
        None => has_build_script || package.contains_key("metabuild"),
        Some(item) => item.as_bool() != Some(false),
    }
}

// Cargo's `to_lib_target`: either spelling of the key, or the crate type.
fn is_proc_macro(library: &dyn TableLike) -> bool {
    let key = |key| library.get(key).and_then(|item| item.as_bool()) == Some(true);
    let kind = |key| {
        library
            .get(key)
            .and_then(|item| item.as_array())
            .is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("proc-macro")))
    };
    key("proc-macro") || key("proc_macro") || kind("crate-type") || kind("crate_type")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use provenance_build::{PackageName, Version};

    use super::*;

    fn check(text: &str, has_build_script: bool) -> Result<Facts, String> {
        let id = PackageId {
            name: PackageName::parse("a").expect("valid"),
            version: Version::parse("1.0.0").expect("valid"),
            source: None,
        };
        read(text.as_bytes(), &id, has_build_script, &Limits::DEFAULT).map_err(|fault| fault.what)
    }

    #[test]
    fn build_time_code_is_found_as_cargo_finds_it() {
        use BuildTime::{BuildScript, ProcMacro};
        let cases: &[(&str, bool, &[BuildTime])] = &[
            ("", false, &[]),
            ("", true, &[BuildScript]),
            ("build = false", true, &[]),
            ("build = true", false, &[BuildScript]),
            ("build = 'src/make.rs'", false, &[BuildScript]),
            ("build = ['a.rs', 'b.rs']", false, &[BuildScript]),
            ("metabuild = ['x']", false, &[BuildScript]),
            ("[lib]\nproc-macro = true", false, &[ProcMacro]),
            ("[lib]\nproc_macro = true", true, &[BuildScript, ProcMacro]),
            ("[lib]\ncrate-type = ['proc-macro']", false, &[ProcMacro]),
            ("[lib]\nproc-macro = false", false, &[]),
            ("lib.x = 1\n[package.metadata]\nwhen = 1979-05-27T07:32:00Z", false, &[]),
        ];
        for (text, has_build_script, expected) in cases {
            let text = match text.strip_prefix("lib.x") {
                Some(rest) => {
                    format!("lib.x{}", rest.replacen('\n', "\n[package]\nname='a'\nversion='1.0.0'\n", 1))
                }
                None => format!("[package]\nname = 'a'\nversion = '1.0.0'\n{text}"),
            };
            assert_eq!(
                check(&text, *has_build_script).map(|f| f.build_time),
                Ok(expected.to_vec()),
                "{text}"
            );
        }
    }

    #[test]
    fn the_license_is_handed_on_verbatim() {
        let text = "[project]\nname='a'\nversion='1.0.0'\nlicense = 'MIT/Apache-2.0'\nlicense-file = 'L'";
        let license = License { expression: Some("MIT/Apache-2.0".into()), file: Some("L".into()) };
        assert_eq!(check(text, false).map(|facts| facts.license), Ok(license));
    }

    #[test]
    fn another_packages_manifest_is_refused() {
        let cases = [
            ("[package]\nname='b'\nversion='1.0.0'", "has the name `b`"),
            ("[package]\nname='a'\nversion='1.0.1'", "has the version `1.0.1`"),
            ("[package]\nname='a'", "has no version"),
            ("[package]\nname='a'\nname='a'\nversion='1.0.0'", "cannot be read"),
            ("name='a'", "has no `[package]`"),
            ("[package", "cannot be read"),
        ];
        for (text, expected) in cases {
            let what = check(text, false).expect_err(text);
            assert!(what.contains(expected), "{what}");
        }
        assert!(check(&format!("a = {}", "[".repeat(100_000)), false).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "[\\[\\]{}a-c.=,\"'#\\\\ \n0-9T:-]{0,80}", any in ".{0,40}") {
            let _ = check(&any, true);
            let _ = check(&format!("{text}\n[package]\nname='a'\nversion='1.0.0'\n"), true);
            let _ = check(&format!("[package]\nname='a'\nversion='1.0.0'\n[lib]\n{text}"), true);
        }
    }
}
