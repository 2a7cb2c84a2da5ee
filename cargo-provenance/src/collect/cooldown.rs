//! Reads cargo's own cool-down from the configuration files inside the repository.
//!
//! What a machine's own configuration or the environment says does not count: the same lockfile is judged the same everywhere.

use std::path::Path;

use provenance_build::config::Configuration;
use provenance_build::{Error, toml};
use toml_span::value::{Table, Value};

use crate::vet::cooldown::{Cooldown, Span};

const GLOBAL: &str = "global-min-publish-age";
const EACH: &str = "min-publish-age";

/// What the configuration files of the workspace at `root` say, as far as they lie in its repository.
///
/// # Errors
///
/// A file that cannot be read, and a value that cargo would not take: what asks for more is never passed over.
pub fn read(configuration: &Configuration, root: &Path, cargo_home: &Path) -> Result<Cooldown, Error> {
    let repository = root.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(root);
    let mut cooldown = Cooldown::default();
    for file in &configuration.files {
        let is_home = file.starts_with(cargo_home) && !cargo_home.starts_with(root);
        if is_home || !file.starts_with(repository) {
            continue;
        }
        let text = toml::read(file)?;
        let Ok(table) = toml::parse(&text, file) else {
            // A toolchain file of the old kind is no TOML; cargo's own files were parsed already.
            continue;
        };
        let shown = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let mut add = |registry: Option<&str>, key: &str, value: &Value<'_>| {
            let line = toml::line(&text, value.span.start);
            let span =
                value.as_str().and_then(|text| Span::parse(text, format!("`{key}` in {shown}:{line}")));
            let Some(span) = span else {
                let help = "write a time span such as `\"14 days\"`, as cargo takes it";
                return Err(Error::invalid(file, line, format!("`{key}` is not a time span"), help));
            };
            cooldown.add(registry, span);
            Ok(())
        };
        if let Some(value) = toml::table(&table, "registry").and_then(|table| table.get(GLOBAL)) {
            add(None, &format!("registry.{GLOBAL}"), value)?;
        }
        let registries = toml::table(&table, "registries").into_iter().flat_map(Table::iter);
        for (name, value) in registries {
            if let Some(value) = value.as_table().and_then(|table| table.get(EACH)) {
                add(Some(&name.name), &format!("registries.{}.{EACH}", name.name), value)?;
            }
        }
    }
    Ok(cooldown)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use provenance_build::Source;
    use provenance_build::name::CRATES_IO;

    use super::*;

    fn told(files: &[(&str, &str)]) -> Result<Option<String>, Error> {
        let base = tempfile::tempdir().expect("temp");
        let base = base.path().canonicalize().expect("a path");
        let root = base.join("repository/work");
        fs::create_dir_all(root.join(".cargo")).expect("created");
        fs::create_dir_all(base.join("repository/.git")).expect("created");
        let mut configuration = Configuration::default();
        for (path, text) in files {
            let file = base.join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("created");
            fs::write(&file, text).expect("written");
            configuration.files.push(file);
        }
        let cooldown = read(&configuration, &root, &base.join("home"))?;
        let source = Source::parse(CRATES_IO).expect("a source");
        Ok(cooldown.of(&source, |_| None).map(|span| format!("{} {}", span.text, span.set)))
    }

    #[test]
    fn only_what_lies_in_the_repository_counts() {
        let set = "[registry]\nglobal-min-publish-age = \"20 days\"\n";
        for (path, expected) in [
            ("repository/work/.cargo/config.toml", Some(".cargo/config.toml:2")),
            ("repository/.cargo/config.toml", Some("repository/.cargo/config.toml:2")),
            (".cargo/config.toml", None),
            ("home/config.toml", None),
        ] {
            let found = told(&[(path, set)]).expect("read");
            assert_eq!(found.is_some(), expected.is_some(), "{path}");
            if let (Some(found), Some(expected)) = (found, expected) {
                assert!(found.starts_with("20 days `registry.global-min-publish-age` in "), "{found}");
                assert!(found.ends_with(expected), "{found}");
            }
        }
    }

    #[test]
    fn a_value_that_is_no_span_is_an_error_with_its_line() {
        for value in ["\"14\"", "14", "\"soon\"", "[]"] {
            let text = format!("[registries.crates-io]\n\nmin-publish-age = {value}\n");
            let error = told(&[("repository/work/.cargo/config.toml", &text)]).expect_err(value);
            let Error::Invalid { line, what, .. } = error else { panic!("{error}") };
            assert_eq!(
                (line, what.as_str()),
                (3, "`registries.crates-io.min-publish-age` is not a time span")
            );
        }
        // A toolchain file of the old kind.
        assert_eq!(told(&[("repository/work/rust-toolchain", "1.85.0\n")]).expect("read"), None);
    }
}
