"""A finished case as files: case.json, tables, NIfTI masks, figures and the report."""

from netlm_imaging.export.case_folder import check_empty, check_target, report_again, write_case
from netlm_imaging.export.case_json import read_case
from netlm_imaging.export.dicom.objects import write_seg
from netlm_imaging.export.dicom.source import DicomSource, read_source
from netlm_imaging.export.figures import draw_figures
from netlm_imaging.export.nifti import write_nifti
from netlm_imaging.export.plan_json import write_plan
from netlm_imaging.export.report import render_report
from netlm_imaging.export.review_folder import append_event, write_review

__all__ = [
    "DicomSource",
    "append_event",
    "check_empty",
    "check_target",
    "draw_figures",
    "read_case",
    "read_source",
    "render_report",
    "report_again",
    "write_case",
    "write_nifti",
    "write_plan",
    "write_review",
    "write_seg",
]
