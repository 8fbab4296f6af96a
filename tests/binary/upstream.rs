//! The program against llama.cpp's own server, as it comes in a package (`tests/llama-server`).

use std::{
    env,
    ffi::OsString,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::program::{MODEL_FILE, Place, models};
use crate::visitor::Visitor;

const PASSWORD: &str = "a lantern on the fourth step";

/// llama.cpp's server; ends when dropped.
struct LlamaServer {
    child: Child,
    address: String,
}

impl LlamaServer {
    /// Starts it with the small model; `None` where the package or the model is missing, with a line that says so.
    fn start(test: &str) -> Option<LlamaServer> {
        let packages = packages().filter(|folder| folder.join("xllamacpp").is_dir());
        let (Some(packages), Some(models)) = (packages, models()) else {
            println!(
                "skipped {test}: needs the models (make models) and tests/llama-server (make test-deps)"
            );
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/llama-server/serve.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(models.join(MODEL_FILE))
            .env("PYTHONPATH", packages)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "llama.cpp's server did not start: {address}");
        Some(LlamaServer { child, address })
    }

    fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn packages() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("llamora/llama-server"))
}

/// A journal whose owner has set this upstream, with somebody who allowed it.
fn visit(place: &mut Place, server: &LlamaServer) -> (crate::program::Running, Visitor) {
    place.env("LLAMORA_LLM__UPSTREAM__HOST", &server.address);
    place.env("LLAMORA_LLM__CHAT__API_KEY", "sk-canary-of-the-owner");
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Mira", PASSWORD);
    let page = visitor.get("/settings/model").body;
    assert!(page.contains("data-upstream=\"off\"") && page.contains(server.host()), "{page}");
    let fields = [("allow", "yes"), ("current_password", PASSWORD)];
    assert_eq!(visitor.post("/settings/model/upstream", &fields).status, 303);
    (running, visitor)
}

// proves: SR-49 (the key in no page and no log, against llama.cpp's own server)
#[test]
fn llama_cpps_own_server_answers_and_its_death_leaves_what_it_said() {
    let Some(server) = LlamaServer::start("llama_cpps_own_server_answers") else { return };
    let mut place = Place::slim();
    let (running, mut visitor) = visit(&mut place, &server);
    let entry = visitor.write("I walked along the river with Ada. We talked about the lanterns.");
    let reply = visitor.ask(&entry);
    let page = visitor.wait_for_reply(&reply);
    let mark = format!("data-sent-to=\"{}\"", server.host());
    assert!(page.contains("data-state=\"complete\"") && page.contains(&mark), "{page}");
    assert!(page.contains("SmolLM2-135M-Instruct.Q4_1 at 127.0.0.1:"), "{page}");
    assert!(!page.contains("canary"));

    let reply = visitor.ask(&entry);
    let give_up = Instant::now() + Duration::from_secs(120);
    let state = loop {
        let state = visitor.reply_state(&reply);
        if !matches!(state.as_str(), "queued" | "reading") {
            break state;
        }
        assert!(Instant::now() < give_up, "waiting for the first words");
    };
    drop(server);
    let ended = visitor.wait_for_reply(&reply);
    // On a very fast machine it may have been over before.
    if state == "streaming" {
        assert!(ended.contains("data-state=\"failed\"") && ended.contains("Try again"), "{ended}");
    }
    let answer = visitor.post(&format!("/entries/{entry}/replies"), &[]);
    assert!(answer.status == 303 || answer.body.contains("cannot be reached"), "{}", answer.body);
    let (status, _) = running.stop();
    assert_eq!(status.code(), Some(0), "{}", place.errors());
    place.assert_calm();
    assert!(!place.errors().contains("canary"), "{}", place.errors());
}
