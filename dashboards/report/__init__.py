"""The board report: the paper for the meeting, a tagged PDF of one publication.

`contents` gathers what it says, in words, from the same reads and components as the pages;
`chart` draws the burn-ups; `paper.typ` sets the type; `making` puts it together, for the command
line and, in a process of its own, for the page that orders it.
"""
