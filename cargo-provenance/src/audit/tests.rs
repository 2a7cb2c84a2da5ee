//! Files as they are published, read and written.

use std::path::Path;

use super::*;

fn file(name: &str) -> &Path {
    Path::new(name)
}

#[test]
fn tmp_round() {
    let folder = std::path::PathBuf::from(std::env::var("STORE").unwrap());
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let store = Store {
        config: Config::read(text("config.toml").as_bytes(), file("config.toml")).unwrap(),
        audits: Set::read(text("audits.toml").as_bytes(), file("audits.toml")).unwrap(),
        imports: Imports::read(text("imports.lock").as_bytes(), file("imports.lock")).unwrap(),
    };
    for (name, written) in [("config.toml", store.config_text()), ("audits.toml", store.audits_text()), ("imports.lock", store.imports_text())] {
        std::fs::write(format!("/tmp/audit-rt-{name}"), &written).unwrap();
        println!("{name} {}", written.trim_end() == text(name).trim_end());
    }
}

#[test]
fn tmp_sets() {
    for name in ["google", "mozilla", "bytecode-alliance"] {
        let bytes = std::fs::read(format!("/work/shared/data/audits/{name}.toml")).unwrap();
        let start = std::time::Instant::now();
        let set = Published::read(&bytes, file(name)).unwrap();
        println!("{name} {:?} {:?} bars {}", start.elapsed(), set.losses, set.set.bars.len());
        let own = Set::read(&bytes, file(name));
        println!("own: {:?}", own.as_ref().err());
        let n = |v: usize| v;
        println!("{} {} {}", n(set.set.audits.values().map(Vec::len).sum()), n(set.set.wildcards.values().map(Vec::len).sum()), n(set.set.trusted.values().map(Vec::len).sum()));
        std::fs::write(format!("/tmp/audit-rt-{name}.toml"), own.unwrap_or_default().text()).unwrap();
    }
}
