"""Makes windows of outputs and feedback, and has scikit-learn say how well they fit: `python make_windows.py > windows.json`.

Each case has the pairs as they are said (null: no feedback yet) and what is expected of each metric (null: unknown). What
scikit-learn cannot say of a window is unknown, and so is what it says only because it has to say something.
"""

import json
import math
import random
import warnings

import numpy as np
from sklearn import metrics

warnings.simplefilter("ignore")
NAN = float("nan")


def known(value):
    return None if value is None or not math.isfinite(value) else float(value)


def scores(pairs, threshold=0.5):
    truth = np.array([truth for _, truth in pairs], dtype=int)
    score = np.array([score for score, _ in pairs], dtype=float)
    put = (score >= threshold).astype(int)
    both = len(set(truth.tolist())) == 2
    soft = any(0 < value < 1 for value in score.tolist())
    of = dict(labels=[0, 1], pos_label=1, average="binary", zero_division=NAN)
    return {
        "accuracy": metrics.accuracy_score(truth, put),
        "precision": metrics.precision_score(truth, put, **of),
        "recall": metrics.recall_score(truth, put, **of),
        "f1": metrics.f1_score(truth, put, **of),
        "roc_auc": metrics.roc_auc_score(truth, score) if both else NAN,
        "log_loss": metrics.log_loss(truth, score, labels=[0, 1]) if soft else NAN,
    }


def numbers(pairs):
    put, truth = (np.array(side, dtype=float) for side in zip(*pairs))
    varies = len(pairs) > 1 and len(set(truth.tolist())) > 1
    mse = metrics.mean_squared_error(truth, put)
    return {
        "mae": metrics.mean_absolute_error(truth, put),
        "mse": mse,
        "rmse": math.sqrt(mse),
        "median_ae": metrics.median_absolute_error(truth, put),
        "r2": metrics.r2_score(truth, put) if varies else NAN,
    }


def classes(pairs, positive=None):
    put, truth = ([str(value) for value in side] for side in zip(*pairs))
    of = dict(average="macro", zero_division=NAN)
    if positive is not None:
        of = dict(labels=[positive], average="macro", zero_division=NAN)
    return {
        "accuracy": metrics.accuracy_score(truth, put),
        "precision": metrics.precision_score(truth, put, **of),
        "recall": metrics.recall_score(truth, put, **of),
        "f1": metrics.f1_score(truth, put, **of),
    }


KINDS = {"scores": scores, "numbers": numbers, "classes": classes}
NAMES = {
    "scores": ["accuracy", "precision", "recall", "f1", "roc_auc", "log_loss"],
    "numbers": ["mae", "mse", "rmse", "median_ae", "r2"],
    "classes": ["accuracy", "precision", "recall", "f1"],
}


def case(name, kind, pairs, **options):
    whole = [pair for pair in pairs if pair[1] is not None]
    told = KINDS[kind](whole, **options) if whole else {}
    expected = {metric: known(told.get(metric)) for metric in NAMES[kind]}
    return {"name": name, "kind": kind, **options, "pairs": pairs, "expected": expected}


def all_cases():
    rng = random.Random(17)
    score = lambda: round(rng.random(), 4)
    yield case("scores", "scores", [[s := score(), int(rng.random() < s)] for _ in range(200)])
    yield case("scores with ties", "scores", [[rng.choice([0.1, 0.5, 0.5, 0.9]), rng.randint(0, 1)] for _ in range(150)])
    yield case("scores at another threshold", "scores", [[score(), rng.randint(0, 1)] for _ in range(90)], threshold=0.8)
    yield case("only one class came", "scores", [[score(), 1] for _ in range(20)])
    yield case("only the other class came", "scores", [[score(), 0] for _ in range(20)])
    yield case("perfect scores", "scores", [[0.99, 1], [0.8, 1], [0.2, 0], [0.01, 0]])
    yield case("scores turned round", "scores", [[0.01, 1], [0.2, 1], [0.8, 0], [0.99, 0]])
    yield case("constant scores", "scores", [[0.3, rng.randint(0, 1)] for _ in range(40)])
    yield case("sure and wrong", "scores", [[0.0, 1], [1.0, 0], [0.5, 1], [1.0, 1]])
    yield case("plain yes and no", "scores", [[rng.randint(0, 1), rng.randint(0, 1)] for _ in range(60)])
    yield case("one score", "scores", [[0.7, 1]])
    yield case("scores, some without feedback", "scores", [[score(), rng.choice([0, 1, None])] for _ in range(60)])
    yield case("scores without feedback", "scores", [[score(), None] for _ in range(5)])
    yield case("numbers", "numbers", [[rng.gauss(10, 4), rng.gauss(10, 5)] for _ in range(200)])
    yield case("an even number of numbers", "numbers", [[rng.gauss(0, 4), rng.gauss(0, 5)] for _ in range(100)])
    yield case("numbers with ties", "numbers", [[rng.randint(2, 4), rng.randint(2, 4)] for _ in range(99)])
    yield case("large numbers", "numbers", [[1e9 + rng.random(), 1e9 + rng.random()] for _ in range(300)])
    yield case("numbers of all sizes", "numbers", [[rng.gauss(0, 1) * 10 ** rng.randint(-6, 6), rng.gauss(0, 1)] for _ in range(99)])
    yield case("perfect numbers", "numbers", [[value, value] for value in (2.5, 3.25, 7.0, -1.5)])
    yield case("constant outputs", "numbers", [[5, rng.gauss(5, 2)] for _ in range(50)])
    yield case("constant feedback", "numbers", [[rng.gauss(5, 2), 5] for _ in range(50)])
    yield case("one number", "numbers", [[2.5, 3]])
    yield case("numbers, some without feedback", "numbers", [[rng.gauss(9, 2), rng.choice([7.5, 9.25, None])] for _ in range(60)])
    pets = ["cat", "dog", "emu"]
    yield case("many classes", "classes", [[rng.choice(pets), rng.choice(pets)] for _ in range(120)])
    yield case("a class that was never put out", "classes", [[rng.choice(pets[:2]), rng.choice(pets)] for _ in range(60)])
    yield case("a class that never came", "classes", [[rng.choice(pets), rng.choice(pets[:2])] for _ in range(60)])
    yield case("perfect classes", "classes", [[pet, pet] for pet in pets * 3])
    yield case("all classes wrong", "classes", [["cat", "dog"], ["dog", "emu"], ["emu", "cat"]])
    yield case("one class alone", "classes", [["cat", "cat"]] * 4)
    yield case("constant classes", "classes", [["cat", rng.choice(pets)] for _ in range(30)])
    yield case("one class is meant", "classes", [[rng.choice(pets), rng.choice(pets)] for _ in range(80)], positive="dog")
    yield case("classes without feedback", "classes", [["cat", None], ["dog", None]])


print("[")
print(",\n".join(json.dumps(case) for case in all_cases()))
print("]")
