"""What invented people of a demo are called and write, in the language of its country."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headgate.core.calls.application import Application
from headgate.core.calls.application import Organisation as Body
from headgate.core.policy.running_rules import Report
from headgate.core.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class Invented:
    """Forms for what somebody invented says; each shows that nobody real did."""

    language: str = "en"
    body: str = "Synthetic {id}"
    own: str = "Demo {id}"
    reviewer: str = "Synthetic reviewer"
    work: str = "Synthetic work {id}"
    alliance: str = "Alliance of {id}"
    summary: str = "language model GPU training data"
    expertise: tuple[str, str] = ("language model GPU", "data GPU training")
    """Of the reviewer of the demo, and of all others."""
    comment: str = "Synthetic"
    report: str = "Synthetic {name} {id}"
    accepted: str = "Synthetic {name}"
    explains: str = "Synthetic explanation of {id}"
    usable: str = "Synthetic word: it can be used"

    def called(self, policy: Policy, body: Body) -> str:
        """The name of an organisation."""
        return self.body.format(id=body.id, kind=self.kind(policy, body.kind))

    def kind(self, policy: Policy, kind: str) -> str:
        """What a kind of organisation is called."""
        label = policy.organisations.labels.get(kind)
        return label.say(self.language) if label else kind

    def titled(self, made: Application) -> str:
        """The title of an application."""
        return self.work.format(id=made.id)

    def allied_as(self, made: Application) -> str:
        """The name of the alliance that applies."""
        return self.alliance.format(id=made.id)

    def reports(self, report: Report, award: str) -> tuple[str, str]:
        """What a report says, and what the office answers that accepts it."""
        name = report.name.say(self.language)
        return self.report.format(name=name, id=award), self.accepted.format(name=name)


BY_COUNTRY: Final[Mapping[str, Invented]] = {
    "KR": Invented(
        "ko",
        "가상 {kind} {id}",
        "시연 {kind}",
        "가상 평가위원",
        "가상 과제 {id}",
        "{id} 컨소시엄",
        "언어모델 GPU 학습 데이터",
        ("언어모델 GPU", "데이터 GPU 학습"),
        "가상 의견입니다.",
        "{id}의 가상 {name}입니다.",
        "가상 {name} 수리 완료.",
        "{id}의 가상 소명입니다.",
        "가상 확인: 사용할 수 있습니다.",
    ),
    "VN": Invented(
        "vi",
        "{kind} giả lập {id}",
        "{kind} minh họa",
        "Chuyên gia giả lập",
        "Đề tài giả lập {id}",
        "Liên danh của {id}",
        "mô hình ngôn ngữ GPU dữ liệu huấn luyện",
        ("mô hình ngôn ngữ GPU", "dữ liệu GPU huấn luyện"),
        "Nhận xét giả lập.",
        "{name} giả lập của {id}.",
        "Đã chấp nhận {name} giả lập.",
        "Giải trình giả lập của {id}.",
        "Xác nhận giả lập: đã dùng được.",
    ),
}


def invented(policy: Policy) -> Invented:
    """The words of the invented people of a programme; English where no others are known."""
    return BY_COUNTRY.get(policy.programme.country, Invented())
