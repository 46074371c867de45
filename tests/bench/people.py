"""
people.py SEED COUNT - so many nicknames, as those of people might look.

In each script a few names are very common and many are nobody else's.  Some
nicknames come twice.
"""
import sys
from itertools import islice
from random import Random

FIRST = {
    "latin": """Anna Michael Maria James Mitchell Elizabeth Michelle Stefan
        Thomas José Laura Zoë François Sofía Jürgen Agnieszka Lukáš Søren Åsa
        Małgorzata Nguyễn Ioana Ștefan Đorđe Çağla Ömer Gülşen Þórdís Siân
        Aleksandra Christopher Katarzyna Benjamin Charlotte Alexander Isabella
        Giovanni Matthieu Océane Renée Björn Mikael Jasmine Fatima Mohammed
        Ibrahim Aisha Priya Rahul Arjun Wei Mei Hiroshi Yuki Minjun Thị Kofi
        Amara Chidi Zanele Thandi Juan Lucía João Inês Žofia Ágnes László
        Eliška Vojtěch Līga Jānis Kristjan Oksana""",
    "cyrillic": """Александр Елена Сергей Ольга Дмитрий Наталья Андрей Анна
        Алексей Мария Михаил Татьяна Евгений Ирина Владимир Светлана Степан
        Екатерина Николай Юлия Иван Анастасия Артём Ксения Павел Дарья Фёдор
        Оксана Тарас Іванна Андрій Зоряна Милица Ђорђе Красимир Гергана
        Нұрлан Айгүл Бекзат Пётр Семён Алёна""",
    "hangul": """민준 서연 도윤 지우 예준 서윤 시우 하은 주원 하윤 지호 민서
        지훈 수빈 준서 지민 현우 은지 승현 유진 영수 미영 동현 보라 하늘""",
    "arabic": """محمد فاطمة أحمد عائشة علي مريم حسن زينب عمر خديجة يوسف نور
        إبراهيم ليلى خالد سارة عبدالله هدى مصطفى آمنة كريم سلمى طارق ياسمين
        رضا شیرین پریسا کیان""",
}

LAST = {
    "latin": """Smith García Müller Johnson Novák Nowak Silva Rossi Jensen
        Martin Petrov Hernández Kowalski Dvořák Andersson Nielsen Hansen Popescu
        Ionescu Yılmaz Öztürk Demir Nguyễn Trần Lê Fernández Gonçalves O'Brien
        McDonald Taylor Wilson Anderson Thompson Mitchell Robinson Campbell
        Edwards Lefèvre Dubois Fischer Schröder Weiß Großmann Szabó Horváth
        Kovačević Jovanović Ivanov Wiśniewska Lewandowski Virtanen Korhonen
        Singh Patel Sharma Khan Okafor Mensah Nkosi Tanaka Watanabe Kim Park
        Santos Oliveira Guðmundsdóttir Sjöberg Ångström Bjørnson Łukaszewicz""",
    "cyrillic": """Иванов Смирнова Кузнецов Попова Васильев Петрова Соколов
        Михайлова Новиков Фёдорова Морозов Волкова Алексеев Лебедева Семёнов
        Егорова Павлов Козлова Степанов Николаева Орлов Андреева Макаров
        Никитина Захаров Зайцева Соловьёв Борисова Яковлев Григорьева
        Шевченко Коваленко Бондаренко Ткаченко Кравченко Петровић Јовановић
        Димитров Георгиева Ахметов Нұрсұлтан Щербаков""",
    "hangul": "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 홍",
    "arabic": """الخطيب حداد المصري النجار العلي منصور الشامي السيد عباس
        حسين الحسن درويش سليمان قاسم الزهراني القحطاني بغدادی رضایی احمدی
        کریمی الدوسري العتيبي عثمان صالح""",
}

# A made name is of these, one after the other.
SYLLABLES = {
    "latin": """ba be bor bra chi da del dor e el fa fin ga gre ha hol i ja jo
        ka kel kos la len lin lo ma mar men mi mo na nel nor o pa per ra ren ri
        ro sa sch sen ska son sta ste ta ten ton tu va vel vin wa wil ya za
        zur""",
    "cyrillic": """ба бе бор ва вер ви га гор да ден до е жи за зи ка ко кра ла
        лев ли ма мир мо на не ни о па пет ра ри ро са се ска ста та тен ти ту
        фи ха че ша щу я""",
    "arabic": "با تا جا حا دا را سا شا عا فا قا كا لا ما نا ها وا يا ير يم",
    "hiragana": "さ く ら ひ な た は る き ゆ い あ お の み か ず こ と も り え れ",
    "katakana": "サ ク ラ ヒ ナ タ ハ ル キ ユ イ ア オ ミ カ ズ コ ト モ リ エ ン",
    "han": """伟 芳 娜 秀 英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 兰 霞 平 刚 桂
        文 辉 玲 鑫 宇 浩 子 轩 雨 欣 怡 梓 涵 思 嘉 俊 博 天 佳 琪 雪 梅 春 夏 秋 冬""",
    "hangul": """가 나 다 라 마 바 사 아 자 차 하 민 준 서 연 지 현 은 수 영 진 우 호
        윤 빈 원 희 경 성 태 혜 나리 별 빛""",
}

CHINESE = """王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢
    韩 唐 冯 于 董 萧 欧阳 司马""".split()
JAPANESE = """佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木
    山口 松本 井上 木村 斎藤 清水 山崎""".split()
EMOJI = "🌸 🔥 ✨ 😎 🐱 🦊 🎮 🌙 💀 🍕 ⚽ 🎧 ❤️ 👩‍💻 🚀".split()

SEPARATORS = [" "] * 6 + [".", "_", "-", "", "", "_"]

FIRST, LAST, SYLLABLES = ({script: names.split()
                           for script, names in table.items()}
                          for table in (FIRST, LAST, SYLLABLES))


def common(random, names):
    """One of them, the first ones much oftener than the last."""
    return names[int(len(names) * random.random() ** 2)]


def made(random, script, least, most):
    return "".join(random.choices(SYLLABLES[script],
                                  k=random.randint(least, most))).capitalize()


def either(random, names, script):
    """A common name, or as often one that is made."""
    if random.random() < 0.5:
        return common(random, names[script])
    return made(random, script, 2, 4)


def alphabetic(random, script):
    first = either(random, FIRST, script)
    if random.random() < 0.2:
        return first
    return first + random.choice(SEPARATORS) + either(random, LAST, script)


def han(random):
    family = CHINESE if random.random() < 0.7 else JAPANESE
    return common(random, family) + made(random, "han", 1, 2)


def kana(random):
    return made(random, random.choice(("hiragana", "katakana")), 2, 6)


def hangul(random):
    return (common(random, LAST["hangul"]) +
            either(random, FIRST, "hangul"))


def latin(random):
    return alphabetic(random, "latin")


def cyrillic(random):
    return alphabetic(random, "cyrillic")


def arabic(random):
    return alphabetic(random, "arabic")


def emoji(random):
    return (random.choice((latin, cyrillic, kana))(random) + " " +
            random.choice(EMOJI) * random.randint(1, 2))


MIX = {latin: 56, cyrillic: 20, han: 6, kana: 5, hangul: 4, arabic: 6,
       emoji: 3}


def digits(random):
    """A year, or whatever was still free."""
    if random.random() < 0.5:
        return str(random.randint(1950, 2015))
    return str(random.randint(0, 10 ** random.randint(1, 4)))


def nicknames(random):
    while True:
        kind, = random.choices(list(MIX), MIX.values())
        name = kind(random)
        if random.random() < 0.35:
            name += random.choice(("", "", "_", " ", ".")) + digits(random)
        yield random.choice((name, name, name.lower()))


if __name__ == "__main__":
    seed, count = map(int, sys.argv[1:])
    for name in islice(nicknames(Random(seed)), count):
        print(name)
