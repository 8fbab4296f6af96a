//! `llamora models`: a model is fetched, added, chosen, verified and removed.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    sync::mpsc,
    thread,
    time::Duration,
};

use llamora::llm::gguf::sample::good_file;

use crate::{
    program::{MODEL_FILE, Place, finish, has_model, models, slim},
    visitor::Visitor,
};

/// A place whose folder of models is its own and empty, with a home where no other program has models.
fn place() -> (Place, PathBuf) {
    let mut place = Place::slim();
    let folder = place.path("shelf");
    place.env("LLAMORA_MODELS__DIR", &folder);
    (place, folder)
}

/// Serves a file; the first answer breaks off in the middle. Tells the `Range` of each request.
fn breaking_server(content: Vec<u8>) -> (String, mpsc::Receiver<Option<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/model.gguf", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for (idx, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<String> = lines
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .map(|line| line.to_lowercase())
                .collect();
            let range = head
                .iter()
                .find_map(|line| line.strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
            tell.send(range).unwrap();
            let from: usize = range.unwrap_or(0);
            let status = if from == 0 { "200 OK" } else { "206 Partial Content" };
            let (all, rest) = (content.len(), content.len() - from);
            let head = format!(
                "HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {rest}\r\nContent-Range: bytes {from}-{}/{all}\r\n\r\n",
                all - 1
            );
            stream.write_all(head.as_bytes()).unwrap();
            let end = if idx < 4 { from + if idx == 0 { 700_000 } else { 0 } } else { all };
            stream.write_all(&content[from..end]).unwrap();
        }
    });
    (url, told)
}

fn run(place: &Place, args: &[&str]) -> String {
    let output = finish(&mut place.command(args), Duration::from_secs(60));
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_model_is_fetched_in_two_tries_chosen_verified_and_removed() {
    let (place, folder) = place();
    let content = good_file(2_000_000);
    let (url, ranges) = breaking_server(content.clone());
    let pull = ["models", "pull", "--url", &url, "model.gguf"];
    let (code, errors) = place.fails(&pull);
    assert_eq!(code, 1);
    assert!(errors.contains("broke off") && errors.contains("goes on with it"), "{errors}");
    assert!(!folder.join("model.gguf").exists() && folder.join("model.gguf.part").exists());

    let said = run(&place, &pull);
    assert!(said.contains("going on with model.gguf") && said.contains("remembered"), "{said}");
    let asked: Vec<_> = ranges.try_iter().collect();
    assert_eq!((asked[0], asked[1], *asked.last().unwrap()), (None, Some(700_000), Some(700_000)));
    assert_eq!(asked.len(), 5);
    assert!(fs::read(folder.join("model.gguf")).unwrap() == content);

    let listed = run(&place, &["models", "list"]);
    assert!(listed.contains("* model.gguf") && listed.contains("qwen3-1.7b"), "{listed}");
    assert!(listed.contains("\n    not measured yet; `llamora models bench` does that\n"), "{listed}");
    let other = place.path("other.gguf");
    fs::write(&other, good_file(5)).unwrap();
    run(&place, &["models", "add", other.to_str().unwrap()]);
    run(&place, &["models", "use", "other.gguf"]);
    let listed = run(&place, &["models", "list"]);
    assert!(listed.contains("* other.gguf") && listed.contains("  model.gguf"), "{listed}");
    assert!(run(&place, &["models", "verify"]).contains("as it should be"));

    // One bit in the weights.
    let mut altered = content;
    *altered.last_mut().unwrap() ^= 1;
    fs::write(folder.join("model.gguf"), altered).unwrap();
    let (code, errors) = place.fails(&["models", "verify"]);
    assert!(code == 1 && errors.contains("1 of the models were altered"), "{errors}");

    let (code, errors) = place.fails(&["models", "remove", "other.gguf"]);
    assert!(code == 1 && errors.contains("--yes"), "{errors}");
    run(&place, &["models", "remove", "--yes", "other.gguf"]);
    assert!(run(&place, &["models", "list"]).contains("* model.gguf"));
    assert!(!folder.join("other.gguf").exists());
}

#[test]
fn what_cannot_be_done_with_a_model_is_said_plainly() {
    let (mut place, folder) = place();
    let list = place.path("list.gguf");
    fs::write(&list, "milk, bread").unwrap();
    let list = list.to_str().unwrap().to_owned();
    for (args, expected) in [
        (&["models", "add", &list][..], "not in GGUF format"),
        (&["models", "use", "nothing.gguf"], "there is no model nothing.gguf here"),
        (&["models", "use", &list], "not in GGUF format"),
        (&["models", "remove", "--yes", "../x.gguf"], "plain name"),
        (&["models", "pull", "gpt-9"], "no recommended model"),
        (&["models", "pull", "--url", "http://example.org/a.gguf", "a.gguf"], "https only"),
        (&["models", "pull", "--url", "http://127.0.0.1:1/a.gguf", "a.gguf"], "cannot be reached"),
        (&["models", "pull", "--url", "https://nowhere.invalid/a.gguf", "a.gguf"], "is this machine online?"),
    ] {
        let (code, errors) = place.fails(args);
        assert_eq!(code, 1, "{args:?}");
        assert!(errors.contains(expected), "{args:?}: {errors}");
    }
    let left: Vec<_> = fs::read_dir(&folder)
        .map(|items| items.map(|item| item.unwrap().file_name()).collect())
        .unwrap_or_default();
    let is_beginning = |name: &std::ffi::OsString| name.to_string_lossy().contains(".part");
    assert!(left.iter().all(is_beginning), "{left:?}");
    place.env("LLAMORA_MODELS__USE", "mine.gguf");
    let (_, errors) = place.fails(&["models", "use", "default"]);
    assert!(errors.contains("models.use names mine.gguf"), "{errors}");
}

/// A place with two models: the one that comes with the program, and the same under another name.
fn two_models() -> Place {
    let mut place = Place::with(&slim());
    let folder = place.path("shelf");
    fs::create_dir(&folder).unwrap();
    for file in [MODEL_FILE, "second.gguf"] {
        fs::copy(models().unwrap().join(MODEL_FILE), folder.join(file)).unwrap();
    }
    place.env("LLAMORA_MODELS__DIR", folder);
    let data = place.path("data");
    place.env("LLAMORA_DATA", data);
    place
}

#[test]
fn a_program_that_runs_follows_the_choice_of_the_command_line() {
    if !has_model("a_program_that_runs_follows_the_choice_of_the_command_line") || models().is_none() {
        return;
    }
    let place = two_models();
    let running = place.start();
    let mut visitor = Visitor::new(running.address);
    visitor.register("Changer", "a new broom sweeps clean");
    visitor.wait_for("/readyz", "the model", |body| body.contains("\"model\":\"ok\""));
    let first = visitor.write("Rain on the roof all night.");
    let reply = visitor.ask(&first);
    let said = run(&place, &["models", "use", "second.gguf"]);
    assert!(said.contains("changes to it within seconds"), "{said}");
    visitor.wait_for_reply(&reply);
    assert!(!visitor.reply_page(&reply).contains("by second"), "it ended on the model it began with");
    visitor.wait_for("/settings/model", "the change", |body| body.contains("second answers from now on."));
    let second = visitor.write("And then the sun.");
    let reply = visitor.ask(&second);
    visitor.wait_for_reply(&reply);
    assert!(visitor.reply_page(&reply).contains("by second"));

    // A file that passes our look through it and that llama.cpp refuses: the one before stays, the choice is put back.
    fs::write(place.path("shelf").join("hollow.gguf"), good_file(2_000)).unwrap();
    run(&place, &["models", "use", "hollow.gguf"]);
    let page =
        visitor.wait_for("/settings/model", "the refusal", |body| body.contains("hollow.gguf is not used."));
    assert!(page.contains("second answers as before."), "{page}");
    assert!(run(&place, &["models", "list"]).contains("* second.gguf"));
    assert_eq!(running.stop().0.code(), Some(0));
    place.assert_calm();
}

#[test]
fn a_model_is_measured_and_the_result_is_kept() {
    if !has_model("a_model_is_measured_and_the_result_is_kept") || models().is_none() {
        return;
    }
    let place = two_models();
    let told: serde_json::Value =
        serde_json::from_str(&run(&place, &["models", "bench", "second.gguf", "--json"])).unwrap();
    let one = &told["measured"][0];
    assert!(one["reading"].as_f64() > Some(1.0) && one["writing"].as_f64() > Some(1.0), "{told}");
    assert_eq!((told["model"].as_str(), told["kept"].as_bool()), (Some("second"), Some(true)));
    assert!(told["usual_reply_s"].as_f64() > Some(0.0));
    let said = run(&place, &["models", "bench"]);
    println!("{said}");
    assert!(said.contains("A usual reply (700 tokens read, 150 written) takes"), "{said}");
    let kept = fs::read_to_string(place.path("data").join("model.speed.json")).unwrap();
    // Both names are of one file, and what was measured last is kept.
    assert!(kept.contains("SmolLM2") && kept.matches("sha256").count() == 1, "{kept}");
}
