//! Quality on a small hand-written diary, with the real embedder: the figures behind [`crate::search::rank`].

use std::time::Instant;

use crate::{
    journal::{day::Day, entry::Role, ids::EntryId},
    search::{
        candle::{self, CandleEmbedder},
        chunk,
        embed::Embedder,
        engine::{Meta, Near, OpenIndex, Point},
        lexical::{Matcher, Seen},
        plain,
        query::Query,
        rank,
    },
};

const ENTRIES: &[&str] = &[
    "Slept badly again. Woke at three and lay there going over the budget until the birds started. Coffee did nothing.",
    "Lunch with **Marta** at the place by the canal. She is moving to Porto in spring; I pretended to be only happy for her.",
    "The boiler gave up in the night. A man from Hendricks came at 14:30, shook his head and wants 380 euros for a new pump.",
    "Ran 12 km along the river, slowly, and for once my knee kept quiet. Came home soaked and pleased with myself.",
    "Dad called. The scan is clear. I sat on the stairs for a while afterwards and could not say why I was crying.",
    "# Garden\n\n- planted the garlic, two rows\n- cut back the roses\n- [ ] ask Jonas for his ladder\n\nMy hands smell of earth.",
    "Long meeting about the reorganisation. Nobody says who will have to go. I said nothing either and was ashamed of that.",
    "Read the last chapter of The Leopard on the train. That ending, the dust and the stuffed dog. I looked out of the window for an hour.",
    "Nils said his first whole sentence today: 'the moon is following us'. He repeated it all the way home from the nursery.",
    "Argued with Tom about the dishes, which was not about the dishes. We went to bed without speaking.",
    "Made up with Tom. He had bought the ugly tulips I like. We talked until one about how tired we both are.",
    "First snow. The whole street went quiet and the children next door were out before breakfast with a baking tray.",
    "The dentist found a crack in the lower left molar. Crown on 14 March, and until then no nuts on that side.",
    "Finished the application for the fellowship in Leiden and sent it two minutes before midnight. My heart is still racing.",
    "Grandmother's recipe for plum cake: 500 g flour, 200 g butter, plums from the tree behind the church. It came out flat but tasted of her kitchen.",
    "Drove up to the lake with Ines. We swam although it was far too cold and shrieked like children.",
    "They said no. Leiden, I mean. A kind letter, forty applicants, and so on. I walked round the block three times.",
    "The cat has not come home since Tuesday. I put a note on every tree and shook the biscuit tin out of the window like a fool.",
    "Café Zentral, corner table, two hours of writing and it flowed. I had forgotten that it can be like this.",
    "Mushka is back! Thin, with a torn ear, and offended at everyone. She ate two tins and fell asleep in the laundry.",
    "Paid the last instalment of the student loan. Eleven years. I opened the good bottle on my own and toasted the bank.",
    "Sat with Aunt Rosalind in the hospice. She did not know me but held my hand and hummed. I sang along, badly.",
    "Funeral. It rained the way it should. Her brother told the story of the stolen goose and everyone laughed through tears.",
    "New flat: three keys, no curtains, an echo. Ate noodles on the floor between the boxes and listened to strange pipes.",
    "Panic in the supermarket, out of nothing. Left the basket by the cheese and breathed into my scarf in the car park until it passed.",
    "Told Dr. Okafor about the supermarket. She drew me a curve of how fear rises and falls. I am to go back and stand by the cheese.",
    "Choir started again. Bach, far too hard for us, and in the last bars something held and nobody dared to move.",
    "Password for the allotment shed is on the blue card in the drawer. The lock sticks: lift and turn. Code 4471.",
    "Ich habe heute den ganzen Tag auf dem Balkon gelesen. Kein Telefon, kein Mensch, nur die Mauersegler.",
    "Flew home over the Alps at sunset, the peaks pink and then suddenly grey. The woman beside me wept at a film without sound.",
    "Promotion! Eight years, and she told me between two doors. I rang Mum from the toilets so that nobody would hear me squeak.",
    "Backache. Three days of lying on the carpet looking at the underside of the table, where somebody once wrote 'hello'.",
];

/// Kind, query, numbers of the entries that answer it.
const QUERIES: &[(&str, &str, &[usize])] = &[
    ("paraphrase", "could not fall asleep because of money worries", &[0]),
    ("paraphrase", "a friend is leaving for another country", &[1]),
    ("paraphrase", "heating broken, repair was expensive", &[2]),
    ("paraphrase", "relief about my father's health", &[4]),
    ("paraphrase", "afraid of losing jobs at the company", &[6]),
    ("paraphrase", "the toddler is learning to talk", &[8]),
    ("paraphrase", "fight with my partner and how we reconciled", &[9, 10]),
    ("paraphrase", "swimming outdoors in freezing water", &[15]),
    ("paraphrase", "rejected, did not get the place I applied for", &[16]),
    ("paraphrase", "when did I last have an anxiety attack", &[24]),
    ("paraphrase", "saying goodbye to someone who is dying", &[21]),
    ("paraphrase", "good news at work", &[30]),
    ("paraphrase", "moving house", &[23]),
    ("paraphrase", "singing together", &[26]),
    ("paraphrase", "went jogging without pain", &[3]),
    ("paraphrase", "finished reading a novel", &[7]),
    ("paraphrase", "winter morning, children playing outside", &[11]),
    ("paraphrase", "appointment for my tooth", &[12]),
    ("paraphrase", "our pet is missing", &[17]),
    ("paraphrase", "free of debt at last", &[20]),
    ("paraphrase", "on a plane", &[29]),
    ("paraphrase", "lying on the floor in pain", &[31]),
    ("name", "Marta", &[1]),
    ("name", "Dr Okafor", &[25]),
    ("name", "mushka", &[19]),
    ("name", "what did Jonas have", &[5]),
    ("number", "4471", &[27]),
    ("number", "14:30", &[2]),
    ("number", "500 g flour", &[14]),
    ("phrase", "\"stolen goose\"", &[22]),
    ("phrase", "\"the moon is following us\"", &[8]),
    ("word", "cafe zentral", &[18]),
    ("word", "tulips", &[10]),
    ("language", "Mauersegler", &[28]),
];

/// Nothing in the diary is about these.
const NOTHING_FITS: &[&str] = &[
    "quarterly revenue of semiconductor companies",
    "how to configure a firewall",
    "Bartholomew",
    "football world cup final score",
    "chess opening theory",
    "submarine volcano geology",
    "wedding in Japan",
    "\"blue elephant\"",
    "tractor engine oil",
    "constitutional law of Brazil",
];

struct Diary {
    texts: Vec<String>,
    index: OpenIndex,
    embedder: CandleEmbedder,
}

fn id(number: usize) -> EntryId {
    EntryId::from_parts(i64::try_from(number).unwrap(), [7; 10])
}

impl Diary {
    fn open(mut embedder: CandleEmbedder) -> Self {
        let texts: Vec<String> = ENTRIES.iter().map(|markdown| plain::plain(markdown)).collect();
        let mut index = OpenIndex::new(384);
        for (number, text) in texts.iter().enumerate() {
            let chunks = chunk::chunks(text);
            let parts: Vec<&str> = chunks.iter().map(|chunk| chunk.of(text)).collect();
            let vectors = embedder.embed(&parts).unwrap();
            let points: Vec<Point<'_>> = chunks
                .iter()
                .zip(&vectors)
                .map(|(chunk, vector)| Point {
                    start: u32::try_from(chunk.start).unwrap(),
                    end: u32::try_from(chunk.end).unwrap(),
                    vector,
                })
                .collect();
            let day = Day::from_number(i32::try_from(number).unwrap()).unwrap();
            index.insert(Meta { id: id(number), day, created: 0, role: Role::Writer }, &points).unwrap();
        }
        Self { texts, index, embedder }
    }

    fn near(&mut self, query: &Query) -> Vec<Near> {
        let vectors = self.embedder.embed(&[query.meaning()]).unwrap();
        self.index.nearest(&vectors[0], 50).unwrap()
    }

    /// Numbers of the results and of those that perhaps fit, best first.
    fn search(&mut self, typed: &str, meaning: bool) -> (Vec<usize>, Vec<usize>) {
        let query = Query::parse(typed);
        let near = if meaning { self.near(&query) } else { Vec::new() };
        let mut matcher = Matcher::new(&query);
        for (number, text) in self.texts.iter().enumerate() {
            matcher.read(Seen { id: id(number), created: number as i64, machine: false }, text);
        }
        let words = matcher.finish();
        let results = rank::fuse(&words, &near);
        let perhaps = rank::perhaps(&words, &near, &results);
        let numbers = |list: &[rank::Ranked]| -> Vec<usize> {
            list.iter().map(|ranked| usize::try_from(ranked.seen.created).unwrap()).collect()
        };
        (numbers(&results), numbers(&perhaps))
    }
}

#[test]
fn nine_of_ten_answers_are_among_the_first_three() {
    let Some(embedder) = candle::tests::pinned("nine_of_ten_answers_are_among_the_first_three") else {
        return;
    };
    let mut diary = Diary::open(embedder);
    let (mut shown, mut firm, mut by_words, mut first) = (0.0, 0.0, 0.0, 0);
    for (kind, typed, answers) in QUERIES {
        let share = |results: &[usize]| {
            let found =
                answers.iter().filter(|answer| results.iter().take(3).any(|result| result == *answer));
            found.count() as f32 / answers.len() as f32
        };
        let (results, perhaps) = diary.search(typed, true);
        let all = [results.clone(), perhaps].concat();
        shown += share(&all);
        firm += share(&results);
        by_words += share(&diary.search(typed, false).0);
        first += usize::from(all.first().is_some_and(|result| answers.contains(result)));
        let near = diary.near(&Query::parse(typed));
        let cosine = near.iter().find(|near| near.meta.id == id(answers[0])).map_or(0.0, |near| near.score);
        eprintln!(
            "{kind:>10} {:.2} of {} firm results, cosine {cosine:.2}: {typed}",
            share(&all),
            results.len()
        );
    }
    let mut quiet = 0;
    for typed in NOTHING_FITS {
        let (results, perhaps) = diary.search(typed, true);
        let cosine = diary.near(&Query::parse(typed))[0].score;
        quiet += usize::from(results.is_empty());
        eprintln!(
            "   nothing {} results, {} perhaps, nearest {cosine:.2}: {typed}",
            results.len(),
            perhaps.len()
        );
    }
    let n_queries = QUERIES.len() as f32;
    eprintln!(
        "recall@3 {:.3} (firm results only {:.3}, words alone {:.3}), {first} of {} answered first, quiet for {quiet} of {}",
        shown / n_queries,
        firm / n_queries,
        by_words / n_queries,
        QUERIES.len(),
        NOTHING_FITS.len()
    );
    assert!(shown / n_queries >= 0.9);
    assert!(quiet * 10 >= NOTHING_FITS.len() * 8);
}

#[test]
fn time_of_a_search_in_a_thousand_entries_is_printed() {
    let paragraphs: Vec<String> = ENTRIES.iter().map(|markdown| markdown.repeat(6)).collect();
    let vector = |seed: usize| -> Vec<f32> {
        (0..384).map(|at| ((seed * 31 + at * at * 7) % 101) as f32 - 50.0).collect()
    };
    let mut index = OpenIndex::new(384);
    for number in 0..1_000 {
        let vectors = [vector(number), vector(number + 5), vector(number + 9)];
        let points: Vec<Point<'_>> =
            vectors.iter().map(|vector| Point { start: 0, end: 1, vector }).collect();
        let day = Day::from_number(0).unwrap();
        index.insert(Meta { id: id(number), day, created: 0, role: Role::Writer }, &points).unwrap();
    }
    let query = Query::parse("the old harbour \"hello\" moon -goose");
    let started = Instant::now();
    let near = index.nearest(&vector(3), 50).unwrap();
    let scanned = started.elapsed();
    let mut matcher = Matcher::new(&query);
    let (mut bytes, mut stripping) = (0, std::time::Duration::ZERO);
    for number in 0..1_000 {
        let before = Instant::now();
        let text = plain::plain(&paragraphs[number % paragraphs.len()]);
        stripping += before.elapsed();
        bytes += text.len();
        matcher.read(Seen { id: id(number), created: number as i64, machine: false }, &text);
    }
    let results = rank::fuse(&matcher.finish(), &near);
    eprintln!(
        "1,000 entries, {} KB, {} chunks: vectors {scanned:.1?}, Markdown {stripping:.1?}, all {:.1?}, {} results",
        bytes / 1_000,
        index.n_chunks(),
        started.elapsed(),
        results.len()
    );
    assert!(!results.is_empty());
}
