"""Writes audience.jsonl: the 1,000 made-up profiles of the SMS example, the same bytes every time.

Run as `python examples/sms/make_audience.py [FILE]`. All telephone numbers lie in ranges that are reserved
for drama and fiction, so they belong to nobody; their last two digits choose the demo gateway's answer.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

SEED = 42
NAMELESS = 0.02
"""Share of profiles without a first name; the channel has an impersonal text for them."""
OUTCOMES = {
    # outcome: (profiles, endings of their numbers)
    "no phone": (30, ()),
    "unreachable": (15, ("95",)),
    "unknown": (20, ("96",)),
    "barred": (12, ("97",)),
    "gateway fails": (5, ("98",)),
    "throttled": (8, ("99",)),
    "accepted": (910, tuple(f"{ending:02}" for ending in range(95))),
}

LATIN_FIRST = (
    "Anna Ben Carla David Emma Felix Greta Hugo Ines Jonas Karla Liam Marta Noah Olivia Pablo Rosa Sam Tilda "
    "Victor Wanda Zoë Łukasz Małgorzata Ñusta Søren Åsa Øyvind François Renée Jürgen Käthe João Inês Ștefan "
    "Žofia Jiří İpek Çağla Ágnes Anne-Marie Jean-Luc"
).split()
LATIN_LAST = (
    "Smith Jones Müller Schäfer García Núñez Kowalska Wiśniewski Dupont Lefèvre Rossi Bianchi Silva "
    "Gonçalves Novák Horváth Popescu Öztürk Nilsson Ångström Hansen Virtanen van_den_Berg McDonald "
    "O'Brien D'Angelo"
).split()
CYRILLIC_FIRST = (
    "Анна Борис Вера Глеб Дарья Егор Жанна Захар Ирина Кирилл Лариса Максим Надежда Олег Полина Роман Софья "
    "Тимур Ульяна Фёдор Юлия Ярослав Єва Ганна Ілля Ђорђе Љиљана Ѓорѓи Бат-Эрдэнэ Ўткир Қайрат"
).split()
CYRILLIC_LAST = (
    "Иванова Петренко Кузнецов Шевченко Соловьёва Лебедев Григорян Зайцева Мельник Коваленко Јовановић "
    "Щербаков Цветкова Юсупов Єфименко Объедков Салтыков-Щедрин"
).split()
CITIES = {
    "latin": "London Paris Köln Łódź Málaga São_Paulo Zürich Århus Iași Győr".split(),
    "cyrillic": "Москва Київ Белград София Алматы Минск Орёл Ніжин Улаанбаатар".split(),
}

# Names that would break a text built by pasting: quotes, templates, markup, controls, rare scripts.
ODD_NAMES = (
    'Ann "Nan"',
    "O'Neil",
    "Back\\slash",
    "Ca$h",
    "A$AP",
    "$profile.email",
    "${sender.api_key}",
    "$#in.data",
    "[$]name",
    "{{ name }}",
    "%s %(name)s",
    "Robert'); DROP TABLE users;--",
    "<b>Bo</b>",
    "Tab\tTab",
    "Line\nBreak",
    "🎉 Party 🎉",
    "👩‍👩‍👧 Family",
    "李小龍",
    "محمد",
    "שרה",
    "Ωmega",
    "e\u0301clair",
    "null",
    "true",
    "0",
)


def main(path: Path) -> None:
    """Write the audience to `path` and say how many of each outcome it holds."""
    path.write_text(render(), encoding="utf-8", newline="\n")
    for outcome, (count, endings) in OUTCOMES.items():
        print(f"{count:5}  {outcome}" + (f" (..{endings[0]})" if len(endings) == 1 else ""))


def render() -> str:
    """Return the text of audience.jsonl."""
    rows = make_rows(random.Random(SEED))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def make_rows(chance: random.Random) -> list[dict[str, Any]]:
    """Return the rows in a shuffled order with unique ids and numbers."""
    plan = [outcome for outcome, (count, _) in OUTCOMES.items() for _ in range(count)]
    chance.shuffle(plan)
    odd_at = dict(zip(chance.sample(range(len(plan)), len(ODD_NAMES)), ODD_NAMES, strict=True))
    taken: set[str] = set()
    return [_row(chance, index, outcome, odd_at.get(index), taken) for index, outcome in enumerate(plan)]


def _row(
    chance: random.Random,
    index: int,
    outcome: str,
    odd_name: str | None,
    taken: set[str],
) -> dict[str, Any]:
    script = chance.choice(("latin", "latin", "cyrillic"))
    first, last = (LATIN_FIRST, LATIN_LAST) if script == "latin" else (CYRILLIC_FIRST, CYRILLIC_LAST)
    profile: dict[str, Any] = {
        "id": f"p{index + 1:04}",
        "first_name": odd_name or chance.choice(first),
        "last_name": chance.choice(last).replace("_", " "),
        "city": chance.choice(CITIES[script]).replace("_", " "),
        "points": chance.randrange(0, 5000, 5),
    }
    if not odd_name and chance.random() < NAMELESS:
        del profile["first_name"]
    if chance.random() < 0.6:
        profile["email"] = f"reader{index + 1}@example.com"
    endings = OUTCOMES[outcome][1]
    subscription = {"phone": _number(chance, endings, taken)} if endings else {}
    return {"profile": profile, "subscription": subscription}


def _number(chance: random.Random, endings: tuple[str, ...], taken: set[str]) -> str:
    while True:
        ending = chance.choice(endings)
        number = chance.choice(
            (
                f"+3363998{chance.randrange(100):02}{ending}",  # France: 06 39 98 xx xx
                f"+447700900{chance.randrange(10)}{ending}",  # United Kingdom: 07700 900xxx
                f"+1{chance.choice(('202', '212', '312', '415', '617'))}55501{ending}",  # 555-01xx
            ),
        )
        if number not in taken:
            taken.add(number)
            return number


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("audience.jsonl"))
