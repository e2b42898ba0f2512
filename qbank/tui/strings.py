"""Words of the interface that several screens use, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from qbank.domain import Text

TOPICS: Mapping[str, Text] = {
    "tensors": Text("张量", "tensors"),
    "calculus": Text("微积分", "calculus"),
    "probability": Text("概率", "probability"),
    "information": Text("信息论", "information"),
    "numerics": Text("数值计算", "numerics"),
    "linear-models": Text("线性模型", "linear models"),
    "activations": Text("激活函数", "activations"),
    "initialization": Text("初始化", "initialization"),
    "regularization": Text("正则化", "regularization"),
    "ensembles": Text("集成", "ensembles"),
    "optimization": Text("优化", "optimization"),
    "normalization": Text("归一化", "normalization"),
    "convolution": Text("卷积", "convolution"),
    "pooling": Text("池化", "pooling"),
    "recurrent": Text("循环网络", "recurrent"),
    "attention": Text("注意力", "attention"),
    "autoencoders": Text("自编码器", "autoencoders"),
    "energy-models": Text("能量模型", "energy models"),
    "graphical-models": Text("图模型", "graphical models"),
    "generative": Text("生成模型", "generative"),
    "representation": Text("表示学习", "representation"),
    "generalization": Text("泛化", "generalization"),
    "vision": Text("视觉", "vision"),
    "speech": Text("语音", "speech"),
    "language": Text("语言", "language"),
    "compute": Text("计算", "compute"),
}
"""Topic -> its name."""

FACETS: Mapping[str, Text] = {
    "recall": Text("口述", "recall"),
    "know": Text("辨析", "know"),
    "compute": Text("计算", "compute"),
    "derive": Text("推导", "derive"),
    "code": Text("代码", "code"),
}
"""Facet -> its name."""


def topic(name: str, lang: str) -> str:
    """A topic's name; one that is not known is shown as it is."""
    return TOPICS[name][lang] if name in TOPICS else name


def where(doc: str, number: str | None, heading: str, lang: str) -> str:
    """A place in a source document: ``文档000 第12题``, ``document 000, q. 12``; its heading where it has no number."""
    if number is None:
        return f"文档{doc} {heading}" if lang == "zh" else f"document {doc}, {heading}"
    return f"文档{doc} 第{number}题" if lang == "zh" else f"document {doc}, q. {number}"
