//! Bad input: one clear error that names the file, exit code 2 or 3, no panic, nothing written.

use tests::files;
use tests::{Output, Project, Sandbox};

/// A workspace behind the gate in which something can go wrong.
fn gated(sandbox: &Sandbox) -> Project<'_> {
    let gated = Project::app(sandbox, "gated").gate();
    gated.is_clean();
    gated
}

/// Expects one error that names `file`.
#[track_caller]
fn one_error(output: Output, file: &str, case: &str) {
    let errors = output.stderr.lines().filter(|line| line.starts_with("error")).count();
    assert!(matches!(output.exit_code(), Some(2 | 3)), "{case}: {output}");
    assert!(errors == 1, "{case}: {errors} errors: {output}");
    assert!(output.stderr.contains(file), "{case}: `{file}` is not named: {output}");
    assert!(output.stderr.len() < 8_000, "{case}: {} bytes are no clear error", output.stderr.len());
    assert!(!output.stderr.contains('\u{1b}'), "{case}: an escape character: {output}");
}

/// Puts every case into `file` and expects each command to refuse it.
fn refuses_all(gated: Project<'_>, file: &str, cases: &[(&str, Vec<u8>)], commands: &[&str]) {
    let honest = files::read_bytes(&gated.path(file));
    let others = ["Cargo.toml", "Cargo.lock", "Provenance.toml", "Provenance.lock"];
    let others: Vec<&str> = others.into_iter().filter(|&other| other != file).collect();
    let before: Vec<_> = others.iter().map(|it| files::read_bytes(&gated.path(it))).collect();
    for (case, bytes) in cases {
        for command in commands {
            files::write(&gated.path(file), bytes);
            one_error(gated.provenance([command]).run(), file, &format!("{command}: {case}"));
            assert!(
                &files::read_bytes(&gated.path(file)) == bytes,
                "{command}: {case}: `{file}` was written"
            );
        }
        let build = gated.cargo(["build"]).run();
        // Cargo writes its own lockfile anew where it can read it.
        let healed = file == "Cargo.lock" && files::read_bytes(&gated.path(file)) == honest;
        assert!(build.exit_code() == Some(101) || healed, "build: {case}: {build}");
    }
    files::write(&gated.path(file), honest);
    for (other, before) in others.iter().zip(before) {
        assert!(before == files::read_bytes(&gated.path(other)), "`{other}` was written");
    }
    gated.is_clean();
}

/// Replaces the first occurrence, which must be there.
fn swap(text: &str, from: &str, to: &str) -> Vec<u8> {
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    text.replacen(from, to, 1).into_bytes()
}

/// What is wrong with any text file.
fn spoiled(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    vec![
        ("not UTF-8", [bytes, b"\n# \xff\xfe\n"].concat()),
        ("zero byte", [b"\0", bytes].concat()),
        ("UTF-16", bytes.iter().flat_map(|&byte| [byte, 0]).collect()),
        ("cut off in the middle of a string", [bytes, b"\nkey = \"cut"].concat()),
        ("huge", [bytes, b"\n#".repeat(33 << 20 >> 1).as_slice()].concat()),
        ("nested deep", [bytes, b"\nx = ", b"[".repeat(100_000).as_slice()].concat()),
        ("tables nested deep", [bytes, b"\n[", b"a.".repeat(100_000).as_slice(), b"a]\n"].concat()),
        ("another language", b"{\"version\": 4}".to_vec()),
        ("the same key twice", [b"version = 4\nversion = 4\n", bytes].concat()),
    ]
}

#[test]
fn bad_cargo_lock() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let text = files::read(&gated.path("Cargo.lock"));
    let entries: Vec<&str> = text.split("[[package]]\n").collect();
    let victim = entries.iter().find(|it| it.contains("name = \"victim\"")).expect("a locked package");
    let checksum = victim.lines().find(|it| it.starts_with("checksum")).expect("a checksum");
    let mut reordered = entries.clone();
    reordered[1..].reverse();
    let mut cases = spoiled(&text);
    cases.extend([
        ("empty", vec![]),
        ("no version", swap(&text, "version = 4\n", "")),
        ("version of the past", swap(&text, "version = 4\n", "version = 2\n")),
        ("version of the future", swap(&text, "version = 4\n", "version = 99\n")),
        ("a package twice", format!("{text}\n[[package]]\n{victim}").into_bytes()),
        ("packages in another order", reordered.join("[[package]]\n").into_bytes()),
        ("no checksum", swap(&text, &format!("{checksum}\n"), "")),
        (
            "checksum cut off",
            swap(&text, checksum, &checksum.replace('"', "").replace("checksum = ", "checksum = \"0")),
        ),
        (
            "checksum in capitals",
            swap(&text, checksum, &checksum.to_uppercase().replace("CHECKSUM", "checksum")),
        ),
        ("name that is a path", swap(&text, "name = \"victim\"", "name = \"../../victim\"")),
        (
            "version that is a path",
            swap(
                &text,
                "name = \"victim\"\nversion = \"1.0.0\"",
                "name = \"victim\"\nversion = \"../1.0.0\"",
            ),
        ),
        ("name with an escape", swap(&text, "name = \"victim\"", "name = \"vi\\u001b[31mctim\"")),
        ("name of another type", swap(&text, "name = \"victim\"", "name = 1")),
        ("source of no kind", swap(&text, "registry+https", "telepathy+https")),
        ("unknown key", swap(&text, checksum, &format!("{checksum}\nfriendly = true"))),
        ("conflict markers", format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n").into_bytes()),
    ]);
    refuses_all(gated, "Cargo.lock", &cases, &["verify", "pin", "diff"]);
}

#[test]
fn bad_provenance_lock() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let text = files::read(&gated.path("Provenance.lock"));
    let entries: Vec<&str> = text.split("[[package]]\n").collect();
    let victim = entries.iter().find(|it| it.contains("name = \"victim\"")).expect("a pin");
    let tree = victim.lines().find(|it| it.starts_with("tree")).expect("a tree digest");
    let no_tree = format!("tree = \"b3:{}\"", "0".repeat(64));
    let mut reordered = entries.clone();
    reordered[1..].reverse();
    let mut cases = spoiled(&text);
    cases.extend([
        ("empty", vec![]),
        ("no version", swap(&text, "version = 1\n", "")),
        ("version of the future", swap(&text, "version = 1\n", "version = 99\n")),
        (
            "a pin twice with two trees",
            format!("{text}\n[[package]]\n{}\n", victim.trim_end().replace(tree, &no_tree)).into_bytes(),
        ),
        ("pins in another order", reordered.join("[[package]]\n").into_bytes()),
        ("no tree", swap(&text, &format!("{tree}\n"), "")),
        ("tree of another kind", swap(&text, "tree = \"b3:", "tree = \"md5:")),
        ("tree cut off", swap(&text, tree, &tree[..tree.len() - 8])),
        ("misspelt key", swap(&text, "tree = ", "treee = ")),
        ("unknown table", format!("{text}\n[extra]\nkey = 1\n").into_bytes()),
        ("another spelling", swap(&text, "tree = \"", "tree  = \"")),
        ("another spelling of a string", swap(&text, "name = \"victim\"", "name = \"v\\u0069ctim\"")),
        ("carriage returns", text.replace('\n', "\r\n").into_bytes()),
        ("byte order mark", format!("\u{feff}{text}").into_bytes()),
        ("member outside", swap(&text, "path = \".\"", "path = \"/etc\"")),
        ("unknown basis", swap(&text, "basis = \"baseline\"", "basis = \"hope\"")),
    ]);
    refuses_all(gated, "Provenance.lock", &cases, &["verify", "pin", "diff"]);
}

#[test]
fn conflict_markers_in_provenance_lock_refuse_everything_but_pin() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let text = files::read(&gated.path("Provenance.lock"));
    files::write(
        &gated.path("Provenance.lock"),
        format!("<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n"),
    );
    let output = gated.provenance(["verify"]).run();
    assert!(output.stderr.contains("pin"), "the way out is not named: {output}");
    one_error(output, "Provenance.lock", "verify");
    tests::project::refused(gated.cargo(["build"]), "Provenance.lock");
    gated.provenance(["pin"]).ok();
    assert_eq!(files::read(&gated.path("Provenance.lock")), text);
    gated.is_clean();
}

#[test]
fn bad_provenance_toml() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let file = "Provenance.toml";
    let honest = files::read(&gated.path(file));
    let spoiled: Vec<_> =
        spoiled(&honest).into_iter().filter(|(case, _)| *case != "the same key twice").collect();
    let cases = [
        ("empty", ""),
        ("no version", "own = []\n"),
        ("version of the future", "version = 99\n"),
        ("unknown key", "version = 1\nfriendly = true\n"),
        ("misspelt key", "version = 1\n[licences]\nallow = []\n"),
        ("misspelt level", "version = 1\n[checks]\nlicense = \"denny\"\n"),
        ("misspelt check", "version = 1\n[checks]\nlicens = \"deny\"\n"),
        ("another type", "version = 1\nown = \"../libs/*\"\n"),
        ("the same key twice", "version = 1\nversion = 1\n"),
        (
            "exception without a reason",
            "version = 1\n[[exception]]\ncheck = \"license\"\npackage = \"victim\"\nexpires = \"2027-01-31\"\n",
        ),
        (
            "exception without an end",
            "version = 1\n[[exception]]\ncheck = \"license\"\npackage = \"victim\"\nreason = \"why\"\n",
        ),
        ("own that is absolute", "version = 1\nown = [\"/\"]\n"),
    ];
    let cases = cases.into_iter().map(|(case, text)| (case, text.as_bytes().to_vec())).chain(spoiled);
    for (case, bytes) in cases {
        for command in ["verify", "pin"] {
            files::write(&gated.path(file), &bytes);
            one_error(gated.provenance([command]).run(), file, &format!("{command}: {case}"));
        }
    }
    files::write(&gated.path(file), "version = 1\n[licences]\nallow = []\n");
    gated.provenance(["verify"]).run().stderr_has("licenses").stderr_has("Provenance.toml:2");
    files::write(&gated.path(file), honest);
    gated.is_clean();
}

#[test]
fn bad_cargo_configuration() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let file = ".cargo/config.toml";
    let mut cases = spoiled("[net]\ngit-fetch-with-cli = false\n[term]\ncolor = \"never\"\n");
    cases.retain(|(case, _)| *case != "the same key twice");
    cases.extend([
        ("the same key twice", b"build.jobs = 1\nbuild.jobs = 1\n".to_vec()),
        ("another type", b"paths = 1\n".to_vec()),
        ("include of what is not there", b"include = [\"missing.toml\"]\n".to_vec()),
        ("include of itself", b"include = [\"config.toml\"]\n".to_vec()),
        ("replacement by what is not there", b"source.crates-io.replace-with = \"nothing\"\n".to_vec()),
        (
            "replacement in a circle",
            b"source.crates-io.replace-with = \"a\"\nsource.a.replace-with = \"b\"\nsource.a.directory = \"a\"\n\
              source.b.replace-with = \"a\"\nsource.b.directory = \"b\"\n"
                .to_vec(),
        ),
    ]);
    for (case, bytes) in cases {
        // What cargo itself does with these is not asked: 1.95 never comes to an end where replacements go in a circle.
        files::write(&gated.path(file), &bytes);
        one_error(gated.provenance(["verify"]).run(), "/.cargo/", case);
    }
    files::remove(&gated.path(".cargo"));
    gated.is_clean();
}

#[test]
fn bad_cargo_toml() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let honest = files::read(&gated.path("Cargo.toml"));
    let mut cases = spoiled(&honest);
    cases.retain(|(case, _)| *case != "another language" && *case != "the same key twice");
    for (case, bytes) in cases {
        files::write(&gated.path("Cargo.toml"), &bytes);
        one_error(gated.provenance(["verify"]).run(), "Cargo.toml", case);
        let output = gated.provenance(["pin"]).run();
        assert!(matches!(output.exit_code(), Some(2 | 3)), "pin: {case}: {output}");
    }
    files::write(&gated.path("Cargo.toml"), honest);
    gated.is_clean();
}

#[test]
fn no_mutation_of_an_input_is_a_panic() {
    let sandbox = Sandbox::new();
    let gated = gated(&sandbox);
    let mut random = crate::interruption::Random::new(0x5eed);
    for file in ["Cargo.lock", "Provenance.lock", "Provenance.toml", "Cargo.toml"] {
        let honest = files::read_bytes(&gated.path(file));
        for _ in 0..40 {
            let mut bytes = honest.clone();
            let at = random.below(bytes.len());
            match random.below(4) {
                0 => bytes.truncate(at),
                1 => bytes[at] = random.below(256) as u8,
                2 => drop(bytes.remove(at)),
                _ => {
                    let (from, to) = (random.below(at + 1), at);
                    let piece = bytes[from..to].to_vec();
                    bytes.splice(at..at, piece);
                }
            }
            files::write(&gated.path(file), &bytes);
            gated.provenance(["verify"]).run().code_in(&[0, 2, 3, 4]);
        }
        files::write(&gated.path(file), honest);
    }
    gated.is_clean();
}

#[test]
fn where_there_is_nothing_to_verify_it_says_so() {
    let sandbox = Sandbox::new();
    let nowhere = Project::empty(&sandbox, "nowhere");
    for command in ["pin", "init"] {
        nowhere.provenance([command]).run().code_in(&[2, 3]).stderr_has("Cargo.toml");
    }
    for command in ["verify", "diff"] {
        nowhere.provenance([command]).run().code_in(&[2, 3]).stderr_has("Provenance.lock");
    }
    let app = Project::app(&sandbox, "app");
    app.cargo(["generate-lockfile"]).ok();
    for command in ["verify", "pin", "diff"] {
        app.provenance([command]).run().code_in(&[2, 3]).stderr_has("cargo provenance init");
    }
}

#[test]
fn usage_errors_are_exit_code_2() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    for arguments in
        [&["--nonsense"][..], &["nonsense"], &["verify", "--nonsense"], &["verify", "--message-format", "x"]]
    {
        app.provenance([]).args(arguments).run().code(2);
    }
    app.provenance(["--help"]).ok().stdout_has("verify");
    app.provenance(["provenance", "--help"]).ok().stdout_has("verify");
}
