//! What `--build-helper`, `--guard` and `--ci` write: the build-dependency, the call in `build.rs`, the guard package, the
//! wrapper of rustc in cargo's configuration, pipelines. Pure text.

mod ci;
mod edit;
mod guard;
mod wrapper;

use toml_edit::{Document, Item, TableLike};

pub use ci::{CiFile, Forge};
pub use edit::{EditError, Spec, TableName, add_dependency, add_member, has_dependency, shares_dependencies};
pub use guard::{GUARD_NAME, GuardFile, guard_files};
pub use wrapper::{Wrapped, wrap};

/// The package that refuses drift.
pub const HELPER_NAME: &str = "provenance-build";

/// The line that a build script needs, at the beginning of its `main`.
pub const BUILD_SCRIPT_LINE: &str = "provenance_build::enforce();";

/// The same, for a binary that is to say what it is built from.
pub const EMBEDDING_LINE: &str = "provenance_build::Enforcer::new().embed().enforce();";

/// The file that such a binary includes, below `OUT_DIR`.
pub const INCLUDED: &str = "provenance_embed.rs";

/// The build script of a package that has none.
pub fn build_script_with(line: &str) -> String {
    format!(
        "//! Refuses to build sources that are not the ones that were vetted.\n\nfn main() {{\n    {line}\n}}\n"
    )
}

/// What a package's manifest says about its build script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildScript {
    /// `build = false`.
    Disabled,
    /// `build.rs` beside the manifest, if it is there.
    Implied,
    /// `build = "path"`, relative to the manifest.
    Named(String),
    /// Something that this tool does not know.
    Unknown,
}

/// Reads `package.build` of a manifest.
pub fn build_script(manifest: &str) -> Result<BuildScript, EditError> {
    let document =
        Document::parse(manifest).map_err(|error| EditError::Syntax(error.message().to_owned()))?;
    let build =
        document.get("package").and_then(Item::as_table_like).and_then(|package| package.get("build"));
    Ok(match build {
        None => BuildScript::Implied,
        Some(item) => match (item.as_str(), item.as_bool()) {
            (Some(path), _) => BuildScript::Named(path.to_owned()),
            (None, Some(false)) => BuildScript::Disabled,
            (None, Some(true)) => BuildScript::Implied,
            (None, None) => BuildScript::Unknown,
        },
    })
}

/// Reads `package.name` of a manifest.
pub fn package_name(manifest: &str) -> Result<Option<String>, EditError> {
    package_text(manifest, "name")
}

/// Reads `package.version` of a manifest; `None` too where it is inherited.
pub fn package_version(manifest: &str) -> Result<Option<String>, EditError> {
    package_text(manifest, "version")
}

fn package_text(manifest: &str, key: &str) -> Result<Option<String>, EditError> {
    let document =
        Document::parse(manifest).map_err(|error| EditError::Syntax(error.message().to_owned()))?;
    let package = document.get("package").and_then(Item::as_table_like);
    Ok(package.and_then(|package| package.get(key)).and_then(Item::as_str).map(str::to_owned))
}

fn table(item: Option<&Item>) -> Option<&dyn TableLike> {
    item.and_then(Item::as_table_like)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_has_the_name_that_its_manifest_says() {
        for (text, expected) in [
            ("[package]\nname = \"a\"\n", Some("a")),
            ("package.name = 'a-b'\n", Some("a-b")),
            ("[workspace]\n", None),
            ("[package]\nname = 1\n", None),
        ] {
            assert_eq!(package_name(text).expect(text).as_deref(), expected, "{text}");
        }
        assert!(package_name("[").is_err());
    }

    #[test]
    fn the_build_script_is_where_the_manifest_says() {
        for (text, expected) in [
            ("[package]\nname = \"a\"\n", BuildScript::Implied),
            ("[package]\nbuild = true\n", BuildScript::Implied),
            ("[package]\nbuild = false\n", BuildScript::Disabled),
            ("package = { build = 'src/b.rs' }\n", BuildScript::Named("src/b.rs".into())),
            ("[package]\nbuild = [\"a.rs\", \"b.rs\"]\n", BuildScript::Unknown),
        ] {
            assert_eq!(build_script(text).expect(text), expected, "{text}");
        }
    }
}
