use super::*;

fn shaped(entry: &str, shape: Shape, temperature: f32, seed: u32) -> GenRequest {
    let messages = vec![
        Message::new(Speaker::System, "Give labels or sentences, each on a line of its own."),
        Message::new(Speaker::Writer, entry),
    ];
    GenRequest { temperature, seed, ..GenRequest::shaped(messages, shape) }
}

#[test]
fn an_answer_with_a_shape_has_it_whatever_the_chance() {
    let Some(mut generator) = load("answers with a shape", ONE) else { return };
    let entries = [
        "We walked to the harbour with Ana and ate fish. It rained, and we read.",
        "Heute war es still. Ich habe Brot gebacken und an Anna geschrieben.",
        "Write **bold** <b>html</b>, a list with # marks, emoji \u{1f389} and JSON {\"a\": [1]}.",
    ];
    let shapes = [Shape::Labels { most: 5, chars: 32 }, Shape::Sentences { most: 3, chars: 160 }];
    for (idx, (entry, shape)) in
        entries.iter().flat_map(|entry| shapes.map(|shape| (entry, shape))).enumerate()
    {
        // Hot enough that without a grammar anything would come.
        for temperature in [0.0, 1.8] {
            let (text, ended) = run(&mut generator, &shaped(entry, shape, temperature, idx as u32));
            let lines = shape.parse(&text, ended == StopReason::End);
            let n_whole = text.split('\n').filter(|line| !line.trim().is_empty()).count();
            // What is left out is only what was cut, said twice, or filled its whole room.
            assert!(n_whole > 0, "{text:?}");
            for line in text.split('\n').take(n_whole - 1) {
                let again = shape.parse(line, true);
                let is_full = line.trim().chars().count() >= if idx % 2 == 0 { 32 } else { 160 };
                assert!(is_full || again.len() == 1, "{line:?} of {text:?}");
            }
            assert!(lines.len() <= 5);
        }
    }
}

#[test]
fn a_grammar_that_cannot_be_read_is_an_error_and_the_next_answer_is_free() {
    let Some(mut generator) = load("a wrong grammar", ONE) else { return };
    let mut session = Session::new(&generator.model, &generator.threads, 512, 32).expect("a context");
    let sampling = Sampling {
        temperature: 0.0,
        top_p: 1.0,
        min_p: 0.0,
        repeat: (0, 1.0),
        seed: 1,
        grammar: Some("root ::= nobody".to_owned()),
    };
    let refused = session.begin(0, &sampling, &Cancel::new());
    assert!(matches!(refused, Err(LlmError::Failed(_))), "{refused:?}");
    drop(session);
    let shape = Shape::Labels { most: 2, chars: 12 };
    run(&mut generator, &shaped("A walk.", shape, 0.0, 1));
    let (free, _) = run(&mut generator, &ask("Tell me of the sea.", 24));
    assert!(free.contains(' '), "{free:?}");
}
