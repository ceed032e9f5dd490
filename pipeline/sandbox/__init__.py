"""SQL that a stranger wrote, over a publication, in a process that can do nothing else.

`asking` starts one worker per question and kills it in time; `worker` confines itself, then runs
the statement; `gate` says which statements may run; `masking` hides MPANs from those who may not
see them; `writing` puts a whole answer into a file.
"""
