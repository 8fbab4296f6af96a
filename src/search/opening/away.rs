//! Words at the beginning of a sentence that stand for something another sentence names, by language, folded; those that
//! only an accent parts from another word have it.

/// What one language has.
pub(super) struct Away {
    /// Words that a sentence may begin with before the one that counts.
    pub joins: &'static [&'static str],
    /// Words for somebody or something, and what is theirs.
    pub people: &'static [&'static str],
    /// Words behind which one of `people` stands for nobody: the weather, what must be.
    pub of_nobody: &'static [&'static str],
    /// Words that point at something, or belong to the noun behind them.
    pub pointing: &'static [&'static str],
    /// What shows that there is no such noun.
    pub verbs: &'static [&'static str],
}

pub(super) const NONE: Away = Away { joins: &[], people: &[], of_nobody: &[], pointing: &[], verbs: &[] };

#[rustfmt::skip]
pub(super) const EN: Away = Away {
    joins: &["and", "but", "now", "or", "so", "still", "then", "yet"],
    people: &["he", "her", "him", "his", "it", "its", "she", "their", "them", "they"],
    of_nobody: &["froze", "poured", "rained", "rains", "snowed", "snows", "thundered"],
    pointing: &["such", "that", "these", "this", "those", "which"],
    verbs: &["are", "did", "does", "felt", "had", "has", "is", "made", "makes", "meant", "means", "seemed", "seems", "took", "was",
        "were", "will", "would"],
};

#[rustfmt::skip]
pub(super) const DE: Away = Away {
    joins: &["aber", "also", "da", "danach", "dann", "doch", "oder", "und"],
    people: &["er", "ihm", "ihn", "ihnen", "ihr", "ihre", "ihrem", "ihren", "ihrer", "sein", "seine", "seinem", "seinen",
        "seiner", "sie"],
    of_nobody: &[],
    pointing: &["das", "dem", "den", "denen", "der", "die", "dies", "diese", "dieser"],
    verbs: &["fand", "ging", "geht", "hat", "hatte", "hatten", "ist", "kam", "kann", "konnte", "macht", "machte", "muss",
        "musste", "sagte", "sind", "soll", "sollte", "tat", "tut", "war", "waren", "will", "wird", "wollte", "wurde"],
};

#[rustfmt::skip]
pub(super) const FR: Away = Away {
    joins: &["alors", "donc", "et", "mais", "ou", "puis"],
    people: &["c", "ca", "ceci", "cela", "elle", "elles", "eux", "il", "ils", "leur", "leurs", "lui", "sa", "ses"],
    of_nobody: &["fait", "faisait", "fallait", "faut", "neige", "neigeait", "pleut", "pleuvait", "y"],
    pointing: &["ce"],
    verbs: &["etaient", "etait", "fut", "n", "sont"],
};

#[rustfmt::skip]
pub(super) const ES: Away = Away {
    joins: &["entonces", "luego", "o", "pero", "y"],
    people: &["aquello", "ella", "ellas", "ellos", "eso", "esto", "\u{e9}l", "su", "sus"],
    of_nobody: &[],
    pointing: &["aquel", "aquella", "esa", "ese", "esta", "este"],
    verbs: &["era", "eran", "es", "fue", "ha", "habia", "son"],
};

#[rustfmt::skip]
pub(super) const IT: Away = Away {
    joins: &["allora", "e", "ma", "o", "poi"],
    people: &["cio", "egli", "ella", "essa", "essi", "lei", "loro", "lui", "sua", "sue", "suo", "suoi"],
    of_nobody: &[],
    pointing: &["quella", "quello", "questa", "questo"],
    verbs: &["\u{e8}", "era", "erano", "fu", "ha", "aveva", "sono"],
};

#[rustfmt::skip]
pub(super) const PT: Away = Away {
    joins: &["depois", "e", "entao", "mas", "ou"],
    people: &["aquilo", "ela", "elas", "ele", "eles", "isso", "isto", "seu", "seus", "sua", "suas"],
    of_nobody: &[],
    pointing: &["aquela", "aquele", "essa", "esse", "esta", "este"],
    verbs: &["era", "eram", "\u{e9}", "foi", "tem", "tinha"],
};

#[rustfmt::skip]
pub(super) const NL: Away = Away {
    joins: &["dan", "dus", "en", "maar", "of", "toen"],
    people: &["haar", "hem", "hij", "hun", "ze", "zij", "zijn"],
    of_nobody: &[],
    pointing: &["dat", "deze", "die", "dit"],
    verbs: &["had", "heeft", "is", "kan", "kon", "maakt", "maakte", "moest", "moet", "waren", "was", "werd", "wordt", "zijn"],
};
