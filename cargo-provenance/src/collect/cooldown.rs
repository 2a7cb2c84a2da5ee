//! Cargo's own cool-down, from the settings inside the repository.
//!
//! What a machine's own configuration or the environment says does not count: the same lockfile is judged the same everywhere.

use std::path::Path;

use provenance_build::Error;
use provenance_build::config::Configuration;

use crate::vet::cooldown::{Cooldown, Span};

/// What the configuration files in the repository say.
///
/// # Errors
///
/// A value that cargo would not take: what asks for more is never passed over.
pub fn read(configuration: &Configuration, root: &Path) -> Result<Cooldown, Error> {
    let mut cooldown = Cooldown::default();
    for setting in configuration.recorded.values() {
        let Some((key, registry)) = meant(&setting.key) else { continue };
        let file = setting.file.strip_prefix(root).unwrap_or(&setting.file);
        let set = format!("`{key}` in {}:{}", file.display(), setting.line);
        let Some(span) = span(&setting.value, set) else {
            let help = "write a time span such as `\"14 days\"`, as cargo takes it";
            return Err(Error::invalid(
                &setting.file,
                setting.line,
                format!("`{key}` is not a time span"),
                help,
            ));
        };
        cooldown.add(registry, span);
    }
    Ok(cooldown)
}

/// The same as a manifest recorded it, as far as it can be understood.
pub fn recorded<'s>(settings: impl IntoIterator<Item = (&'s String, &'s String)>) -> Cooldown {
    let mut cooldown = Cooldown::default();
    for (key, value) in settings {
        let Some((key, registry)) = meant(key) else { continue };
        if let Some(span) = span(value, format!("`{key}`, as it was recorded")) {
            cooldown.add(registry, span);
        }
    }
    cooldown
}

/// The key without its file, and the registry that it is about, all of them where none is named.
fn meant(key: &str) -> Option<(&str, Option<&str>)> {
    let key = key.rsplit_once('#').map_or(key, |(_, key)| key);
    if key == "registry.global-min-publish-age" {
        return Some((key, None));
    }
    let registry = key.strip_prefix("registries.")?.strip_suffix(".min-publish-age")?;
    Some((key, Some(registry)))
}

fn span(value: &str, set: String) -> Option<Span> {
    let value = value.parse::<toml_edit::Value>().ok()?;
    Span::parse(value.as_str()?, set)
}

#[cfg(test)]
mod tests {
    use provenance_build::Source;
    use provenance_build::config::Setting;
    use provenance_build::name::CRATES_IO;

    use super::*;

    fn configured(key: &str, value: &str) -> Configuration {
        let file = Path::new("/w/.cargo/config.toml").to_owned();
        let setting = Setting { key: key.to_owned(), value: value.to_owned(), file, line: 2 };
        Configuration {
            outside: vec![Setting { value: "\"99 days\"".to_owned(), ..setting.clone() }],
            recorded: [(key.to_owned(), setting)].into(),
            ..Configuration::default()
        }
    }

    fn of_crates_io(cooldown: &Cooldown) -> Option<String> {
        let source = Source::parse(CRATES_IO).expect("a source");
        cooldown.of(&source, |_| None).map(|span| format!("{} {}", span.text, span.set))
    }

    #[test]
    fn what_the_repository_sets_counts_with_its_place() {
        for (key, expected) in [
            (
                "registry.global-min-publish-age",
                Some("20 days `registry.global-min-publish-age` in .cargo/config.toml:2"),
            ),
            (
                "crates/a/.cargo/config.toml#registries.crates-io.min-publish-age",
                Some("20 days `registries.crates-io.min-publish-age` in .cargo/config.toml:2"),
            ),
            ("registries.corp.min-publish-age", None),
            ("registry.min-publish-age", None),
        ] {
            let configuration = configured(key, "\"20 days\"");
            let read = read(&configuration, Path::new("/w")).expect("read");
            assert_eq!(of_crates_io(&read).as_deref(), expected, "{key}");
            let recorded = recorded([(&key.to_owned(), &"\"20 days\"".to_owned())]);
            assert_eq!(of_crates_io(&recorded).is_some(), expected.is_some(), "{key}");
        }
    }

    #[test]
    fn a_value_that_is_no_span_is_an_error_with_its_line() {
        for value in ["\"14\"", "14", "\"soon\"", "[]", "{"] {
            let configuration = configured("registry.global-min-publish-age", value);
            let error = read(&configuration, Path::new("/w")).expect_err(value);
            let Error::Invalid { line, what, .. } = error else { panic!("{error}") };
            assert_eq!((line, what.as_str()), (2, "`registry.global-min-publish-age` is not a time span"));
            let key = "registry.global-min-publish-age".to_owned();
            assert_eq!(recorded([(&key, &value.to_owned())]), Cooldown::default());
        }
    }
}
