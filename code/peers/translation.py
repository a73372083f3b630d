# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes code/translation/tests/translation.json with sacreBLEU and NLTK.

Scores of made-up translations of pairs of code/translation/data/grammar_2000.txt and of sentences with
much punctuation, the words of mteval-v13a's tokenizer, alignment error rates and a bootstrap.
Nothing here is taken from the Rust code.

Run it from the repository's root, in a virtual environment with both:

    pip install sacrebleu==2.6.0 nltk==3.10.4
    python code/peers/translation.py
"""

import json
import random
from pathlib import Path

import nltk
import numpy
import sacrebleu
from nltk.translate import Alignment
from nltk.translate.bleu_score import corpus_bleu, modified_precision
from nltk.translate.metrics import alignment_error_rate
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

SCRIPT = "code/peers/translation.py"
FIXTURE = "code/translation/tests/translation.json"
PAIRS = "code/translation/data/grammar_2000.txt"
RESAMPLES = 4000

PUNCTUATED = [
    "He paid $1,234.56 (about 3.5%) on 12-31-99, didn't he?",
    'She said: "no" -- and left; well-known, e.g. in the U.S.',
    "A&amp;B &lt;tag&gt; &quot;quoted&quot; <skipped>text, 5-10 % of 2.",
    "l' homme n'a pas d'amis ; aujourd'hui, 3,14 ou 3.14 ?",
    "...and so on, and so on...1.,2.",
    "{a} [b] c/d @e #f 100-fold x-ray ~ `g` ^h_i |j\\k",
    "Ends with a number 7.",
    "7, 8, and 9,000,000.00",
    "größer als 1.000,5 m\u00b2 \u2013 ja!",
    ".5 is ,5 and 5. is 5,",
    "one",
    "",
]


def damaged(sentence, rng):
    """A sentence with some words dropped, doubled, exchanged or replaced."""
    words = sentence.split()
    for _ in range(rng.choice([0, 1, 1, 2, 4])):
        at = rng.randrange(len(words))
        kind = rng.randrange(4)
        if kind == 0 and len(words) > 1:
            del words[at]
        elif kind == 1:
            words.insert(at, words[at])
        elif kind == 2 and at + 1 < len(words):
            words[at], words[at + 1] = words[at + 1], words[at]
        else:
            words[at] = rng.choice(["le", "la", "chat", "de", "vertes", "."])
    return " ".join(words)


def scores(hypotheses, references):
    """All scores of hypotheses against lists of references, one list for each reference."""
    plain = BLEU(tokenize="none", smooth_method="none", force=True)
    multi = plain.corpus_score(hypotheses, references)
    thirteen = BLEU().corpus_score(hypotheses, references)
    lower = BLEU(lowercase=True).corpus_score(hypotheses, references)
    lists = [[reference.split() for reference in of] for of in zip(*references)]
    case = {
        "hypotheses": hypotheses,
        "references": references,
        "multi_bleu": multi.score,
        "precisions": multi.precisions,
        "brevity": multi.bp,
        "lengths": [multi.sys_len, multi.ref_len],
        "v13a": thirteen.score,
        "v13a_lowercase": lower.score,
        "nltk": 100 * corpus_bleu(lists, [said.split() for said in hypotheses]),
    }
    if len(references) == 1:
        case["chrf2"] = CHRF(beta=2).corpus_score(hypotheses, references).score
        case["chrf3"] = CHRF(beta=3).corpus_score(hypotheses, references).score
    return case


def signature(hypotheses, references):
    """How sacreBLEU signs its default score."""
    metric = BLEU()
    metric.corpus_score(hypotheses, [references])
    return str(metric.get_signature())


def bootstrap(first, second, references):
    """Means and percentiles of the difference over resampled sets, with NumPy's generator."""
    metric = BLEU(tokenize="none", smooth_method="none", force=True)
    rng = numpy.random.default_rng(1)
    stats = [metric._extract_corpus_statistics(said, [references]) for said in (first, second)]
    stats = [numpy.array(of) for of in stats]
    differences = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(references), len(references))
        a, b = [metric._compute_score_from_stats(list(of[drawn].sum(0))).score for of in stats]
        differences.append(a - b)
    low, high = numpy.percentile(differences, [2.5, 97.5])
    return {"first": first, "second": second, "references": references,
            "low": low, "high": high,
            "better": float(numpy.mean(numpy.array(differences) > 0))}


def alignments(rng):
    """Sure, possible and guessed links with their error rate."""
    cases = []
    for _ in range(20):
        every = [(i, j) for i in range(5) for j in range(6)]
        sure = sorted(rng.sample(every, 6))
        possible = sorted(set(sure) | set(rng.sample(every, 5)))
        guess = sorted(rng.sample(every, rng.randrange(1, 12)))
        error = alignment_error_rate(Alignment(sure), Alignment(guess), Alignment(possible))
        cases.append({"sure": sure, "possible": possible, "guess": guess, "error": error})
    return cases


def main():
    rng = random.Random(2002)
    lines = Path(PAIRS).read_text(encoding="utf-8").splitlines()
    targets = [line.split(" ||| ")[1] for line in lines]
    small, second = targets[:40], targets[40:80]
    said = [damaged(target, rng) for target in small]
    mixed = [damaged(sentence, rng) if sentence else "" for sentence in PUNCTUATED]
    cases = [
        scores(said, [small]),
        scores(small, [small]),
        scores(said, [small, [damaged(target, rng) for target in small]]),
        scores(second[:5], [small[:5]]),
        scores([sentence.title() for sentence in said], [small]),
        scores(mixed, [PUNCTUATED]),
        scores(["le chat"], [["le chat noir dort ."]]),
        scores(["un chien noir et un chat", "oui"], [["le chien noir et le chat", "non"]]),
    ]
    tokenizer = Tokenizer13a()
    the = modified_precision(
        ["the cat is on the mat".split(), "there is a cat on the mat".split()],
        ["the"] * 7, 1)
    best = [damaged(target, random.Random(n)) for n, target in enumerate(targets[:200])]
    worse = [damaged(said, random.Random(n + 1000)) if n % 3 == 0 else said
             for n, said in enumerate(best)]
    other = [damaged(target, random.Random(n + 5000)) for n, target in enumerate(targets[:200])]
    fixture = {
        "script": SCRIPT,
        "versions": {"sacrebleu": sacrebleu.__version__, "nltk": nltk.__version__},
        "signature": signature(said, small),
        "bleu": cases,
        "tokens": [[text, tokenizer(text)] for text in PUNCTUATED],
        "the_the_the": [the.numerator, the.denominator],
        "bootstrap": [bootstrap(best, worse, targets[:200]), bootstrap(best, other, targets[:200])],
        "alignments": alignments(rng),
    }
    text = json.dumps(fixture, ensure_ascii=False, indent=1)
    Path(FIXTURE).write_text(text + "\n", encoding="utf-8")


main()
